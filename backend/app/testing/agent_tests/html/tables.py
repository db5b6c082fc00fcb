"""Tables of the page; every text goes through an escape, whoever wrote it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

GOOD: Final = 0.95
FAIR: Final = 0.8


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table; a cell that is Markup is taken as a whole cell, a number is set to the right."""
    head = Markup().join(Markup("<th>{}</th>").format(each) for each in headings)
    body = Markup().join(Markup("<tr>{}</tr>").format(Markup().join(map(cell, row))) for row in rows)
    return Markup('<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        head, body
    )


def cell(value: object) -> Markup:
    """Return a cell; None is a dash."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup('<td class="none">–</td>')
    if isinstance(value, int | float):
        return Markup('<td class="n">{}</td>').format(_written(value))
    return Markup("<td>{}</td>").format(value)


def _written(value: float) -> str:
    """Write as many digits as somebody reads."""
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def rate(value: float | None) -> Markup:
    """Return a share as a coloured cell."""
    if value is None:
        return Markup('<td class="none n">–</td>')
    shown = round(value, 2)
    kind = "good" if shown >= GOOD else "fair" if shown >= FAIR else "bad"
    return Markup('<td class="n {}">{}</td>').format(kind, f"{value:.0%}")


def crossed(rates: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Return agents in rows, what they were tried in in columns."""
    columns = list(dict.fromkeys(name for each in rates.values() for name in each))
    headings = ("agent", *(name.replace("_", " ") for name in columns))
    rows = (
        (agent, *(rate(each.get(name, {}).get("success_rate")) for name in columns)) for agent, each in rates.items()
    )
    return table(headings, rows)
