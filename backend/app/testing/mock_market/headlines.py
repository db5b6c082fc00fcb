"""What a wire would have written about the bars: large moves make headlines, and so does now and then nothing much."""

from collections.abc import Callable
from typing import Final

import numpy as np

from app.domain.market import Bars, Column, NewsItem
from app.domain.times import from_micros

SOURCE: Final = "mock wire"
LARGE: Final = 1.5
CHATTER: Final = 0.05
MEMORY: Final = 20

FALLS: Final = (
    "{symbol} shares plunge as sellers rush for the exit",
    "{symbol} slumps on fears of weak demand",
    "Analysts downgrade {symbol} after a disappointing outlook",
    "{symbol} tumbles amid worries over its losses",
)
RISES: Final = (
    "{symbol} shares surge on strong demand",
    "{symbol} rallies after it beats expectations",
    "Analysts upgrade {symbol} and praise its growth",
    "{symbol} jumps as profits reach a record",
)
NEITHER: Final = (
    "{symbol} holds its annual meeting",
    "{symbol} names a new member of its board",
    "{symbol} presents at an industry conference",
)


def headlines_of(symbol: str, bars: Bars, draw: Callable[[str], np.random.Generator]) -> tuple[NewsItem, ...]:
    """Return headlines on bars, each at the end of the bar that it is about, oldest first.

    A move counts as large by the deviation of the 20 bars before it: nothing later has a say. `draw` returns the
    chance that goes by a name.
    """
    if len(bars) < 2:
        return ()
    moves = _in_deviations(np.diff(np.log(bars.close)))
    choices, chatter = draw("words").integers(1 << 30, size=len(moves)), draw("chatter").random(len(moves)) < CHATTER
    told = np.flatnonzero((np.abs(moves) > LARGE) | chatter)
    return tuple(_headline(symbol, bars, place + 1, moves[place], int(choices[place])) for place in told.tolist())


def _in_deviations(returns: Column) -> Column:
    """Return each return over the root mean square of the 20 before it, 0 where there are fewer, float64[n]."""
    squares = np.concatenate(([0.0], np.cumsum(returns**2)))
    found = np.zeros(len(returns))
    usual = np.sqrt(np.maximum(squares[MEMORY:-1] - squares[: -MEMORY - 1], 1e-18) / MEMORY)
    found[MEMORY:] = returns[MEMORY:] / usual
    return found


def _headline(symbol: str, bars: Bars, place: int, move: float, choice: int) -> NewsItem:
    texts = NEITHER if abs(move) <= LARGE else RISES if move > 0 else FALLS
    over = from_micros(int(bars.times[place]) + bars.interval.micros)
    return NewsItem(over, SOURCE, texts[choice % len(texts)].format(symbol=symbol))
