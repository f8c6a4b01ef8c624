"""The figures of a classifier on labelled conversations: how often it is right, which way it errs, how well it knows."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mom.mixture.verdict import Need, Verdict

Z95 = 1.959963984540054  # the standard normal's 97.5% point
BINS = 15  # as in Guo et al. 2017, "On Calibration of Modern Neural Networks"
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One conversation: what it needs (`route`), what the classifier said, and which slices it belongs to.

    `words` are the last message's own, for reports.
    """

    route: Need
    verdict: Verdict
    slices: Mapping[str, str]
    words: str = ""

    @property
    def is_right(self) -> bool:
        return self.verdict.need is self.route


@dataclass(frozen=True, slots=True)
class Bin:
    """The verdicts whose confidence lies in one interval; `confidence` and `accuracy` are their means."""

    count: int
    confidence: float
    accuracy: float


def figures(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """All figures as JSON. A rate of nothing (no text messages, say) is null. Latencies are in ms."""
    texts = [outcome for outcome in outcomes if outcome.route is Need.TEXT]
    images = [outcome for outcome in outcomes if outcome.route is Need.IMAGE]
    false_images = sum(not outcome.is_right for outcome in texts)
    deciders = Counter(outcome.verdict.decided_by.value for outcome in outcomes)
    took = sorted(outcome.verdict.took_ms for outcome in outcomes)
    return {
        "n": len(outcomes),
        "accuracy": accuracy(outcomes),
        "false_image_rate": _rate(false_images, len(texts)),
        "false_image_ci95": _rounded(wilson_interval(false_images, len(texts))),
        "missed_image_rate": _rate(sum(not outcome.is_right for outcome in images), len(images)),
        "ece": round(calibration_error(outcomes), 4),
        "decided_by": {stage: round(count / len(outcomes), 4) for stage, count in deciders.most_common()},
        "latency_ms": {f"p{percent}": round(percentile(took, percent), 2) for percent in PERCENTILES},
        "slices": {
            field: {
                value: {"n": len(members), "accuracy": accuracy(members)}
                for value, members in sorted(_by_value(outcomes, field).items())
            }
            for field in sorted({field for outcome in outcomes for field in outcome.slices})
        },
    }


def accuracy(outcomes: Sequence[Outcome]) -> float | None:
    return _rate(sum(outcome.is_right for outcome in outcomes), len(outcomes))


def wilson_interval(successes: int, trials: int) -> tuple[float, float] | None:
    """The 95% interval of a proportion by Wilson 1927, "Probable Inference, the Law of Succession"; None without trials."""
    if trials == 0:
        return None
    share, z = successes / trials, Z95
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def calibration_bins(outcomes: Iterable[Outcome]) -> list[Bin]:
    """The verdicts by confidence, in `BINS` intervals of equal width over 0..1; empty ones are left out."""
    members: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        members.setdefault(min(int(outcome.verdict.confidence * BINS), BINS - 1), []).append(outcome)
    return [
        Bin(
            len(inside),
            sum(outcome.verdict.confidence for outcome in inside) / len(inside),
            sum(outcome.is_right for outcome in inside) / len(inside),
        )
        for _, inside in sorted(members.items())
    ]


def calibration_error(outcomes: Sequence[Outcome]) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, weighted by the bins' sizes."""
    return sum(each.count * abs(each.confidence - each.accuracy) for each in calibration_bins(outcomes)) / len(outcomes)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that is not exceeded by `percent` of all (nearest rank)."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _by_value(outcomes: Iterable[Outcome], field: str) -> dict[str, list[Outcome]]:
    members: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if field in outcome.slices:
            members.setdefault(outcome.slices[field], []).append(outcome)
    return members


def _rate(count: int, of: int) -> float | None:
    return round(count / of, 4) if of else None


def _rounded(interval: tuple[float, float] | None) -> list[float] | None:
    return [round(bound, 4) for bound in interval] if interval else None
