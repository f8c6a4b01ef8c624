"""Plots as inline SVG: each function gives one `<svg>` that needs nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mom.evaluation.figures import Bin

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 360, 240, 44, 34, 12, 18  # px of the view box
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through `points` (x and y in 0..1); `style` is a class of the report's style sheet."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]


def line_plot(title: str, x_label: str, y_label: str, curves: Sequence[Curve], *, x_most: float = 1.0) -> str:
    """Curves over 0..1 by 0..1; the x axis is labelled from 0 to `x_most`."""
    marks = [_axes(x_label, y_label, x_most)]
    for place, curve in enumerate(curves):
        path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in curve.points)
        marks.append(f'<polyline class="line {curve.style}" points="{path}"/>')
        if len(curves) > 1:
            marks.append(
                f'<text class="key {curve.style}" x="{LEFT + 8}" y="{HEIGHT / 2 - 14 + 14 * place:.0f}">{escape(curve.name)}</text>'
            )
    return _svg(title, marks)


def reliability_plot(bins: Sequence[Bin]) -> str:
    """Confidence against accuracy: a classifier that knows itself lies on the diagonal. Areas show the bins' sizes."""
    most = max(each.count for each in bins)
    marks = [
        _axes("confidence", "accuracy", 1.0),
        f'<line class="guide" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>',
    ]
    for each in bins:
        radius = 3 + 9 * (each.count / most) ** 0.5
        words = f"{each.count} verdicts: confidence {each.confidence:.3f}, accuracy {each.accuracy:.3f}"
        marks.append(
            f'<circle class="a dot" cx="{_x(each.confidence):.1f}" cy="{_y(each.accuracy):.1f}" r="{radius:.1f}">'
            f"<title>{words}</title></circle>"
        )
    return _svg("Reliability", marks)


def confusion_plot(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """`counts[needed][said]`; the deeper the colour, the larger the share of what was needed."""
    side = 76
    marks = []
    for row, (needed, line) in enumerate(zip(labels, counts, strict=True)):
        y = TOP + 22 + row * (side + 4)
        marks.append(f'<text class="label end" x="{LEFT + 50}" y="{y + side / 2}">needs {escape(needed)}</text>')
        for column, count in enumerate(line):
            x, share = LEFT + 60 + column * (side + 4), count / (sum(line) or 1)
            kind = "b" if row == column else "c"
            marks.append(
                f'<rect class="{kind} cell" fill-opacity="{0.12 + 0.45 * share:.2f}" x="{x}" y="{y}" width="{side}" height="{side}"/>'
                f'<text class="count" x="{x + side / 2}" y="{y + side / 2 + 5}">{count}</text>'
            )
            if row == 0:
                marks.append(
                    f'<text class="label" x="{x + side / 2}" y="{TOP + 12}">said {escape(labels[column])}</text>'
                )
    return _svg("Confusion", marks)


def _axes(x_label: str, y_label: str, x_most: float) -> str:
    marks = [f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}"/>']
    for tick in _TICKS:
        marks.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(tick):.1f}" y2="{_y(tick):.1f}"/>')
        marks.append(f'<text class="tick end" x="{LEFT - 6}" y="{_y(tick) + 4:.1f}">{tick:g}</text>')
        marks.append(
            f'<text class="tick" x="{_x(tick):.1f}" y="{HEIGHT - BOTTOM + 14}">{_figure(tick * x_most)}</text>'
        )
    middle = TOP + _PLOT_HEIGHT / 2
    marks.append(f'<text class="label" x="{LEFT + _PLOT_WIDTH / 2}" y="{HEIGHT - 4}">{escape(x_label)}</text>')
    marks.append(
        f'<text class="label" transform="rotate(-90 11 {middle})" x="11" y="{middle}">{escape(y_label)}</text>'
    )
    return "".join(marks)


def _svg(title: str, marks: Sequence[str]) -> str:
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(marks)}</svg></figure>'
    )


def _figure(value: float) -> str:
    """Three digits, and as many as it takes from a thousand on."""
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"  # noqa: PLR2004 - there :.3g would write 1e+03


def _x(share: float) -> float:
    return LEFT + share * _PLOT_WIDTH


def _y(share: float) -> float:
    return TOP + (1 - share) * _PLOT_HEIGHT
