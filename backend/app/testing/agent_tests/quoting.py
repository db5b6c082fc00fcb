"""Whether the figures of a reason stand in the evidence: quoted as they are, and under their own name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.testing.agent_tests.views import View

FIGURE: Final = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+%?|%)")
WORDS: Final = re.compile(r"[\"“]([^\"“”]{3,200})[\"”]")
NAMED: Final = re.compile(r"\b([a-z]+(?:_[a-z0-9]+)+)\b\s*(?:is|at|of|=|:)?\s*([-+]?\d+(?:\.\d+)?%?)")


def figures_of(value: Any) -> Iterator[float]:
    """Yield every number anywhere in what the tools answered."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from figures_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from figures_of(part)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)


def traced(view: View) -> tuple[list[str], list[str]]:
    """Return what the reason quotes, and what of that stands in the evidence.

    Quoted are figures with decimals or a percent sign, and words in quotation marks.
    """
    figures, words = FIGURE.findall(view.said), WORDS.findall(view.said)
    told = view.told.lower()
    known = [abs(figure) for figure in figures_of([view.figures, view.price])]
    known += [abs(float(text.rstrip("%"))) for text in FIGURE.findall(told)]
    shown = [text for text in figures if _is_shown(text, known)]
    return [*figures, *words], [*shown, *(text for text in words if text.lower() in told)]


def misquoted(view: View) -> list[str]:
    """Return the figures that stand behind the name of a known one and are not its value."""
    named = {name: value for figures in view.figures.values() for name, value in _named(figures)}
    return [
        f"{name} {text} where the evidence has {named[name]:.4g}"
        for name, text in NAMED.findall(view.said)
        if name in named and not _is_shown(text, [abs(named[name])])
    ]


def _named(figures: Any) -> Iterator[tuple[str, float]]:
    if not isinstance(figures, Mapping):
        return
    for name, value in figures.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)
        else:
            yield from _named(value)


def _is_shown(text: str, known: list[float]) -> bool:
    """Whether one of the figures, or its share in percent, is written like that."""
    digits = text.lstrip("+-").rstrip("%")
    decimals = len(digits.partition(".")[2])
    factor = 100 if text.endswith("%") else 1
    return any(f"{figure * factor:.{decimals}f}" == digits for figure in known)
