"""Asking one analyst on its own, with the real tools, the way the panel would."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app import plugins
from app.domain.market import AnalysisContext, Bars, NewsItem
from app.domain.times import from_micros
from app.domain.votes import Opinion

BAR_ROLES = ("market_analyst", "technical_analyst", "risk_advisor", "strategy_optimizer")


class RealTools:
    """The tools an analyst declares, each computed once; `answers` holds what they said."""

    def __init__(self, context: AnalysisContext, allowed: tuple[str, ...]) -> None:
        self._context = context
        self._allowed = allowed
        self.answers: dict[str, Mapping[str, Any]] = {}

    async def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        """Run a tool that was declared; the analysts pass it no arguments."""
        assert name in self._allowed, f"{name} is not declared"
        if name not in self.answers:
            self.answers[name] = plugins.load("tool", name)().run(self._context, **arguments)
        return self.answers[name]


def at(some: Bars, **others: Any) -> AnalysisContext:
    """Return the context as of the end of the last bar."""
    return AnalysisContext("AAPL", some, from_micros(some.ends_at), **others)


def analyst(role: str) -> Any:
    """Return the analyst of that role."""
    return plugins.load("analyst", role)()


def ask(role: str, context: AnalysisContext) -> Opinion:
    """Return what the analyst says."""
    return ask_with_tools(role, context)[0]


def ask_with_tools(role: str, context: AnalysisContext) -> tuple[Opinion, Mapping[str, Mapping[str, Any]]]:
    """Return what the analyst says and what its tools had answered."""
    one = analyst(role)
    tools = RealTools(context, one.tools)
    return asyncio.run(one.analyse(context, tools)), tools.answers


def verdict(opinion: Opinion) -> tuple[Any, ...]:
    """What must not depend on the unit of the price."""
    return opinion.decision, opinion.confidence, opinion.risk, opinion.position_size


def headline(title: str, context_end: Bars, days_old: float = 0.0) -> NewsItem:
    """Return a headline that is so many days old at the end of the bars."""
    return NewsItem(from_micros(context_end.ends_at - int(days_old * 86_400e6)), "test", title)
