"""Scenes for tests: bars, contexts, questions and analysts with one trait each."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.bar_checks import bars_of
from app.domain.identifiers import agent_id
from app.domain.market import AnalysisContext, Bars, Interval
from app.domain.times import from_micros
from app.domain.votes import BUY, Opinion
from app.ports.analyst import Needs

START = datetime(2024, 1, 1, tzinfo=UTC)


def bars(closes: Sequence[float], interval: str = "1d", start: datetime = START) -> Bars:
    """Bars that open at the close before and reach one percent beyond both."""
    length = Interval.parse(interval)
    times = [start + timedelta(seconds=length.seconds * place) for place in range(len(closes))]
    opens = [closes[max(place - 1, 0)] for place in range(len(closes))]
    highs = [max(pair) * 1.01 for pair in zip(opens, closes, strict=True)]
    lows = [min(pair) * 0.99 for pair in zip(opens, closes, strict=True)]
    return bars_of(times, (opens, highs, lows, list(closes)), [1_000.0] * len(closes), length)


def waves(count: int) -> list[float]:
    """Closes that rise, fall and drift, the same ones every time."""
    return [100 + 10 * ((place % 40) / 40) - 7 * ((place % 17) / 17) + place * 0.05 for place in range(count)]


def rows(count: int) -> list[dict[str, Any]]:
    """The same bars as a client would send them."""
    made = bars(waves(count))
    return [
        {
            "timestamp": from_micros(int(made.times[place])).isoformat(),
            "open": float(made.open[place]),
            "high": float(made.high[place]),
            "low": float(made.low[place]),
            "close": float(made.close[place]),
            "volume": 1_000.0,
        }
        for place in range(count)
    ]


def request_fields(count: int = 200, **others: Any) -> dict[str, Any]:
    """A request for a decision that can be answered."""
    return {"symbol": "AAPL", "market_data": {"bars": rows(count), "interval": "1d"}, **others}


def context(closes: Sequence[float] = (100.0, 101.0, 102.0), **others: Any) -> AnalysisContext:
    """A context as of the end of its last bar."""
    made = bars(closes)
    return AnalysisContext("AAPL", made, from_micros(made.ends_at), **others)


def seated(*analysts: Any, symbol: str = "AAPL") -> dict[str, Any]:
    """The analysts by the agents they speak as."""
    return {agent_id(each.role, symbol): each for each in analysts}


class ScriptedAnalyst:
    """An analyst of any role that does what a test tells it."""

    question = "What does the test want?"
    rule = "As scripted."
    needs = Needs()
    tools: tuple[str, ...] = ()

    def __init__(self, role: str, opinion: Opinion | None = None) -> None:
        self.role = role
        self._opinion = opinion or Opinion(BUY, 0.8, "scripted")

    async def analyse(self, context: AnalysisContext, tools: Any) -> Opinion:
        """Say what was scripted."""
        return self._opinion


class FailingAnalyst(ScriptedAnalyst):
    """Raises instead of voting."""

    async def analyse(self, context: AnalysisContext, tools: Any) -> Opinion:
        """Fail with a text that nobody may see."""
        raise RuntimeError("secret detail")


class EndlessAnalyst(ScriptedAnalyst):
    """Never answers; `was_cancelled` tells whether it was told to stop."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.was_cancelled = asyncio.Event()
        self.was_asked = asyncio.Event()

    async def analyse(self, context: AnalysisContext, tools: Any) -> Opinion:
        """Wait for what never comes."""
        self.was_asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.was_cancelled.set()
        raise AssertionError("unreachable")


class StubbornAnalyst(ScriptedAnalyst):
    """Ignores being cancelled until the test lets it go."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.let_go = asyncio.Event()

    async def analyse(self, context: AnalysisContext, tools: Any) -> Opinion:
        """Hold on."""
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue
        return self._opinion
