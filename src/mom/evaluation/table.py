"""The figures as a table for the terminal: one column a classifier."""

from collections.abc import Mapping
from typing import Any

_RATES = ("accuracy", "false_image_rate", "missed_image_rate", "ece")


def write_table(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """Shares and rates in percent, latencies in ms."""
    names = list(figures)
    rows: list[tuple[str, list[str]]] = [("n", [str(figures[name]["n"]) for name in names])]
    for rate in _RATES:
        rows.append((rate, [percent(figures[name][rate]) for name in names]))
        if rate == "false_image_rate":
            rows.append(("  95% interval", [interval(figures[name]["false_image_ci95"]) for name in names]))
    rows += [
        (f"latency {point} ms", [f"{figures[name]['latency_ms'][point]:.2f}" for name in names])
        for point in ("p50", "p95", "p99")
    ]
    rows += [
        (f"decided by {stage}", [percent(figures[name]["decided_by"].get(stage, 0.0)) for name in names])
        for stage in _keys(figures, "decided_by")
    ]
    for field in _keys(figures, "slices"):
        for value in sorted({value for name in names for value in figures[name]["slices"].get(field, {})}):
            cells = [figures[name]["slices"].get(field, {}).get(value) for name in names]
            counted = next(cell["n"] for cell in cells if cell)
            rows.append((f"{field} {value} ({counted})", [percent(cell["accuracy"]) if cell else "" for cell in cells]))
    return "\n".join(_aligned(["", *names], [[label, *cells] for label, cells in rows]))


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f}"


def interval(bounds: list[float] | None) -> str:
    return "-" if bounds is None else f"{percent(bounds[0])}–{percent(bounds[1])}"


def _keys(figures: Mapping[str, Mapping[str, Any]], field: str) -> list[str]:
    return list(dict.fromkeys(key for each in figures.values() for key in each[field]))


def _aligned(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return [
        "  ".join([line[0].ljust(widths[0]), *(cell.rjust(widths[i]) for i, cell in enumerate(line[1:], 1))]).rstrip()
        for line in lines
    ]
