"""Outcomes by hand."""

from mom.evaluation.figures import Outcome
from mom.mixture.verdict import DecidedBy, Need, Verdict


def outcome(
    route: str,
    image: float,
    *,
    took_ms: float = 1.0,
    by: DecidedBy = DecidedBy.BERT,
    words: str = "so",
    **slices: str,
) -> Outcome:
    need = Need.IMAGE if image > 0.5 else Need.TEXT
    return Outcome(
        Need(route),
        Verdict(need=need, image_probability=image, decided_by=by, took_ms=took_ms, reason="so"),
        slices,
        words,
    )
