"""Plots as SVG, by leather, which is loaded when the first one is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

WIDTH: Final = 560
ROW, MARGIN, LINES_HEIGHT = 26, 90, 300
BLUE: Final = "#2f6fb2"


def bars(title: str, values: Mapping[str, float], *, shares: bool = False) -> Markup:
    """Return a bar for each name, the first on top.

    Args:
        shares: draw fractions on an axis to 100 %.
    """
    chart = _chart(title)
    chart.add_bars([(value, name.replace("_", " ")) for name, value in values.items()], fill_color=BLUE)
    if shares:
        chart.add_x_scale(0, 1)
        chart.add_x_axis(tick_formatter=lambda value, _place, _count: f"{float(value):.0%}")
    return _drawn(chart, title, ROW * len(values) + MARGIN)


def line(title: str, points: Sequence[tuple[float, float]], x: str, y: str) -> Markup:
    """Return a line through the points; x is drawn in equal steps, for it doubles."""
    chart = _chart(title)
    steps = [(place, value) for place, (_, value) in enumerate(points)]
    names = [f"{at:g}" for at, _ in points]
    chart.add_line(steps, stroke_color=BLUE)
    chart.add_x_axis(ticks=list(range(len(steps))), name=x, tick_formatter=lambda at, _place, _count: names[int(at)])
    chart.add_x_scale(0, max(1, len(steps) - 1))
    chart.add_y_scale(0, max(value for _, value in steps) * 1.1 or 1)
    chart.add_y_axis(name=y)
    return _drawn(chart, title, LINES_HEIGHT)


def _chart(title: str) -> Any:
    import leather

    for part in ("title", "legend", "axis_title", "tick"):
        setattr(leather.theme, f"{part}_font_family", "system-ui, sans-serif")
    leather.theme.background_color = "none"
    leather.theme.label_color = "#555"
    leather.theme.tick_font_size = 12
    return leather.Chart(title)


def _drawn(chart: Any, title: str, height: int) -> Markup:
    """Draw it and let it shrink with the page; leather escapes the texts."""
    fixed = f'<svg width="{WIDTH}" height="{height}"'
    named = Markup('<svg role="img" aria-label="{}" width="{}" viewBox="0 0 {} {}"').format(title, WIDTH, WIDTH, height)
    drawn = str(chart.to_svg(width=WIDTH, height=height)).replace(fixed, named, 1)
    return Markup("<figure>{}</figure>").format(Markup(drawn))  # noqa: S704 - leather's own SVG
