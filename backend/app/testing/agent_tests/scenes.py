"""Market situations that show what they are called, checked by measures that no analyst uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Final

import numpy as np

from app.domain.errors import AgentSystemError
from app.domain.market import Bars, NewsItem
from app.testing.agent_tests.headlines import news_of
from app.testing.mock_data_generator import MockDataGenerator

BARS: Final = 260
QUARTER: Final = 63
TRIES: Final = 200
MOST_NEWS: Final = 3
SYMBOLS: Final = ("ORBIT", "KELP", "ZEPHYR")
LEAD_IN: Final = {"high_volatility": 220, "low_volatility": 220}
BEGINS: Final = {"crash": 30, "recovery": 60, "high_volatility": 40, "low_volatility": 40}
"""How many bars before the end a regime begins that follows a usual market."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One situation.

    Args:
        number: 1, 2, …: which of the scenes of its regime.
        seed: of the mock market that shows it.
    """

    regime: str
    number: int
    seed: int
    symbol: str
    bars: Bars
    news: tuple[NewsItem, ...]


@lru_cache(maxsize=256)
def scene(regime: str, number: int) -> Scene:
    """Return a scene of the regime, the same one every time.

    Raises:
        AgentSystemError: no market of the generator shows the regime.
    """
    symbol = SYMBOLS[number % len(SYMBOLS)]
    for attempt in range(TRIES):
        seed = number * 1_000 + attempt
        bars = MockDataGenerator(seed).generate_bars(symbol, regime, BARS, lead_in=LEAD_IN.get(regime))
        if shows(regime, bars):
            return Scene(
                regime, number, seed, symbol, bars, news_of(regime, bars, MOST_NEWS - (number - 1) % MOST_NEWS)
            )
    raise AgentSystemError(f"No mock market of {TRIES} shows the regime {regime}; look at the generator's parameters.")


def shows(regime: str, bars: Bars) -> bool:
    """Whether the bars are a clear case of the regime; see `CRITERIA`."""
    criterion = CRITERIA.get(regime)
    return criterion is None or criterion(np.log(bars.close))


Logs = np.ndarray[tuple[int], np.dtype[np.float64]]


def clarity(logs: Logs, bars: int = QUARTER) -> float:
    """Return the move of the last bars over what their deviation alone would let expect."""
    recent = logs[-1 - bars :]
    return float((recent[-1] - recent[0]) / (np.diff(recent).std() * sqrt(bars)))


def _turbulence(logs: Logs) -> float:
    """Deviation of the last 20 bars over that of the 100 before the last 40."""
    returns = np.diff(logs)
    return float(returns[-20:].std() / returns[-140:-40].std())


def _fall(logs: Logs) -> float:
    """The fall from the high of the last 40 bars in deviations that 40 bars had before."""
    usual = float(np.diff(logs)[-160:-60].std())
    return float((logs[-40:].max() - logs[-1]) / (usual * sqrt(40)))


def _rebound(logs: Logs) -> float:
    """How much of the fall of the last 80 bars has been made good."""
    low = int(logs[-80:].argmin())
    before, after = logs[-80:][: low + 1].max(), logs[-80:][low:].max()
    return float((after - logs[-80:][low]) / (before - logs[-80:][low])) if low else 0.0


CRITERIA: Final[Mapping[str, Callable[[Logs], bool]]] = {
    "trending_bullish": lambda logs: clarity(logs) > 1.5 and clarity(logs, 21) > 0.5,
    "trending_bearish": lambda logs: clarity(logs) < -1.5 and clarity(logs, 21) < -0.5,
    "sideways": lambda logs: abs(clarity(logs)) < 0.5 and abs(clarity(logs, 21)) < 0.5,
    "high_volatility": lambda logs: _turbulence(logs) > 1.8 and abs(clarity(logs, 21)) < 1,
    "low_volatility": lambda logs: _turbulence(logs) < 0.6 and abs(clarity(logs, 21)) < 1,
    "crash": lambda logs: _fall(logs) > 2.5 and clarity(logs, 10) < -0.5,
    "recovery": lambda logs: _rebound(logs) > 0.4 and clarity(logs, 21) > 0.5,
}
