"""The verdict as a header."""

from mom.mixture.verdict import Verdict


def route_header(verdict: Verdict | None) -> dict[str, str]:
    """`x-mom-route: image; by=bert; p=0.97; ms=2.1`; nothing where a model was asked by its name."""
    if verdict is None:
        return {}
    route = f"{verdict.need}; by={verdict.decided_by}; p={verdict.confidence:.2f}; ms={verdict.took_ms:.1f}"
    return {"x-mom-route": route}
