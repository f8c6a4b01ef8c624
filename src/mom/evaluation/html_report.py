"""The report as one HTML file that opens offline: no script, nothing from elsewhere, plots as inline SVG."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from mom.evaluation.figures import Outcome, calibration_bins, figures, percentile
from mom.evaluation.plots import Curve, confusion_plot, line_plot, reliability_plot
from mom.evaluation.table import interval, percent
from mom.mixture.explaining import excerpt
from mom.mixture.verdict import Need

THRESHOLDS = 100
WRONG_SHOWN, EXCERPT_CHARS = 100, 120
_STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --paper: #fff; --faint: #8884; --a: #3565c4; --b: #2f8a57; --c: #c4483a }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --paper: #17181a; --a: #7da2f0; --b: #68c793; --c: #f0897d } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid var(--faint); padding-top: 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid var(--faint) }
th:first-child, td:first-child { text-align: left } td + td { white-space: nowrap } caption { text-align: left; font-weight: 600; padding: .6rem 0 .2rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: 1rem } figure { margin: 0 } figcaption { font-weight: 600 }
.tables { display: flex; flex-wrap: wrap; gap: 0 3rem; align-items: flex-start } .table { max-width: 100%; overflow-x: auto } svg { width: 100%; height: auto }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); text-anchor: middle } svg .end { text-anchor: end } svg .key { text-anchor: start }
svg .count { font-size: 16px } .frame { fill: none; stroke: var(--faint) } .grid { stroke: var(--faint) } .guide { stroke: var(--ink); stroke-dasharray: 3 3; opacity: .5 }
.line { fill: none; stroke-width: 2 } .line.a { stroke: var(--a) } .line.b { stroke: var(--b) } .line.c { stroke: var(--c) }
.dot.a, .cell.a, svg text.a { fill: var(--a) } .cell.b, svg text.b { fill: var(--b) } .cell.c, svg text.c { fill: var(--c) } .dot { fill-opacity: .7 }
@media print { h2 { break-before: page; border: 0 } figure, tr { break-inside: avoid } }
"""


def write_html(outcomes: Mapping[str, Sequence[Outcome]], sources: Sequence[str]) -> str:
    """The report on each classifier; `sources` names the data files."""
    found = {name: figures(each) for name, each in outcomes.items()}
    parts = [_overview(found), *(_section(name, each, found[name]) for name, each in outcomes.items())]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>MoM: routing</title><style>{_STYLE}</style></head><body><h1>How well messages are routed</h1>"
        f"<p>Data: {escape(', '.join(sources))}. Rates and shares in percent, latencies in milliseconds. A false image is "
        "a picture where text was wanted, the costlier error; its interval is Wilson's at 95%.</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _overview(found: Mapping[str, Mapping[str, Any]]) -> str:
    header = [
        "classifier",
        "n",
        "accuracy",
        "false images",
        "95% interval",
        "missed images",
        "ECE",
        "p50",
        "p95",
        "p99",
    ]
    rows = [
        [
            name,
            str(each["n"]),
            percent(each["accuracy"]),
            percent(each["false_image_rate"]),
            interval(each["false_image_ci95"]),
            percent(each["missed_image_rate"]),
            percent(each["ece"]),
            *(f"{each['latency_ms'][point]:.2f}" for point in ("p50", "p95", "p99")),
        ]
        for name, each in found.items()
    ]
    return _table("All classifiers", header, rows)


def _section(name: str, outcomes: Sequence[Outcome], found: Mapping[str, Any]) -> str:
    needs = list(Need)
    confusion = [
        [sum(each.route is needed and each.verdict.need is said for each in outcomes) for said in needs]
        for needed in needs
    ]
    plots = [
        reliability_plot(calibration_bins(outcomes)),
        _threshold_plot(outcomes),
        confusion_plot(confusion, [need.value for need in needs]),
        _latency_plot(outcomes),
    ]
    tables = [
        _table(
            "Decided by", ["stage", "share"], [[stage, percent(share)] for stage, share in found["decided_by"].items()]
        )
    ]
    for field, values in found["slices"].items():
        rows = [[value, str(each["n"]), percent(each["accuracy"])] for value, each in values.items()]
        tables.append(_table(f"By {field}", [field, "n", "accuracy"], rows))
    return (
        f'<h2>{escape(name)}</h2><div class="plots">{"".join(plots)}</div><div class="tables">{"".join(tables)}</div>'
        f"{_wrong(outcomes)}"
    )


def _wrong(outcomes: Sequence[Outcome]) -> str:
    """The messages that were routed wrongly, what was surest first."""
    wrong = sorted((each for each in outcomes if not each.is_right), key=lambda each: -each.verdict.confidence)
    if not wrong:
        return ""
    rows = [
        [
            excerpt(each.words, EXCERPT_CHARS),
            each.route.value,
            f"{each.verdict.need} {each.verdict.confidence:.2f}",
            each.verdict.decided_by.value,
        ]
        for each in wrong[:WRONG_SHOWN]
    ]
    shown = f"the {WRONG_SHOWN} surest of {len(wrong)}" if len(wrong) > WRONG_SHOWN else str(len(wrong))
    return _table(f"Wrong: {shown}", ["last message", "needs", "said", "decided by"], rows)


def _threshold_plot(outcomes: Sequence[Outcome]) -> str:
    """What would happen if an image were made from each threshold on."""
    texts = [each.verdict.image_probability for each in outcomes if each.route is Need.TEXT]
    images = [each.verdict.image_probability for each in outcomes if each.route is Need.IMAGE]
    steps = [step / THRESHOLDS for step in range(THRESHOLDS + 1)]
    false = [sum(image >= step for image in texts) for step in steps]
    missed = [sum(image < step for image in images) for step in steps]
    right = [1 - (wrong + lost) / len(outcomes) for wrong, lost in zip(false, missed, strict=True)]
    curves = [Curve("accuracy", "a", list(zip(steps, right, strict=True)))]
    if texts:
        curves.append(Curve("false images", "c", [(x, n / len(texts)) for x, n in zip(steps, false, strict=True)]))
    if images:
        curves.append(Curve("missed images", "b", [(x, n / len(images)) for x, n in zip(steps, missed, strict=True)]))
    return line_plot("By threshold", "image from this probability on", "share", curves)


def _latency_plot(outcomes: Sequence[Outcome]) -> str:
    """The share of verdicts that were there after so many ms; the slowest hundredth is cut off."""
    took = sorted(each.verdict.took_ms for each in outcomes)
    most = max(percentile(took, 99), 0.001)
    points = [(value / most, place / len(took)) for place, value in enumerate(took, 1) if value <= most]
    return line_plot("Latency", "ms", "share decided", [Curve("latency", "a", [(0.0, 0.0), *points])], x_most=most)


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table">{table}</div>'
