"""Ten analysts that are broken on purpose: tests that let one of them pass are blind to its fault."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import nan
from random import Random
from typing import Any, Final

from app import plugins
from app.domain.market import AnalysisContext
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL, Opinion
from app.ports.analyst import Analyst, ToolBelt
from app.testing.mock_data_generator import REGIMES

SOUND: Final = "market_analyst"
OPPOSITE: Final = {STRONG_BUY: STRONG_SELL, BUY: SELL, SELL: BUY, STRONG_SELL: STRONG_BUY}


class Broken:
    """A sound analyst with one fault.

    Args:
        role: whom it pretends to be.
    """

    def __init__(self, role: str = SOUND) -> None:
        sound: Analyst = plugins.load("analyst", SOUND)()
        self._sound = sound
        self.role = role
        self.question, self.rule, self.needs, self.tools = sound.question, sound.rule, sound.needs, sound.tools

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return what the fault makes of the sound opinion."""
        return self.spoil(await self._sound.analyse(context, tools), context)

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Spoil it; as it stands here it is handed on, which is a fault only in another's seat."""
        return opinion


class AlwaysBuys(Broken):
    """Knows one word."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Say BUY."""
        return _turned(opinion, BUY)


class FlipsCoins(Broken):
    """Leaves it to chance."""

    _random = Random(11)  # noqa: S311 - a coin, no secret

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Flip a coin."""
        return _turned(opinion, self._random.choice((BUY, SELL)))


class Inverts(Broken):
    """Has a sign wrong."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Say the opposite."""
        return _turned(opinion, OPPOSITE.get(opinion.decision, HOLD))


class LooksAhead(Broken):
    """Reaches for the column behind the part of it that it was given, and so sees what comes."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Vote for what the future holds, if it can be seen."""
        whole = context.bars.close.base
        if whole is None or len(whole) <= len(context.bars):
            return opinion
        return _turned(opinion, BUY if whole[-1] > context.bars.close[-1] else SELL)


class IsAlwaysAsSure(Broken):
    """Writes the same confidence under everything."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Be 70 % sure."""
        return replace(opinion, confidence=0.7)


class NeverAnswers(Broken):
    """Thinks for ever."""

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Wait for what never comes."""
        await asyncio.Event().wait()
        return await super().analyse(context, tools)


class Raises(Broken):
    """Divides by what may be nothing."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Fail."""
        raise ZeroDivisionError


class SaysNan(Broken):
    """Lets a number through that is none."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Be NaN sure."""
        return replace(opinion, confidence=nan)


class GivesProse(Broken):
    """Reasons without a figure."""

    def spoil(self, opinion: Opinion, context: AnalysisContext) -> Opinion:
        """Sound wise."""
        return replace(opinion, reasoning="Momentum looks constructive and the setup is compelling on balance.")


class Parrots(Broken):
    """Says what the market analyst says, in the technical analyst's seat."""


def _turned(opinion: Opinion, decision: str) -> Opinion:
    """Another word, without stops that would give it away."""
    return replace(opinion, decision=decision, stop_loss=None, take_profit=None)


@dataclass(frozen=True, slots=True, eq=False)
class Mutant:
    """A broken analyst and the scenarios that are meant to catch it.

    Args:
        role: whose seat it takes.
        trials, regimes: where it is tried, in `scenes` scenes of each regime.
        expectation: the one that must fail, so that the report says what is wrong.
        timeout_s: how long the panel has for a question.
    """

    name: str
    analyst: Callable[[str], Analyst]
    trials: tuple[str, ...]
    expectation: str
    regimes: tuple[str, ...] = ("trending_bullish", "trending_bearish")
    scenes: int = 1
    role: str = SOUND
    timeout_s: float = 10.0

    def panel(self) -> Mapping[str, Analyst]:
        """Return who sits: the broken one, and the sound one if its seat is another."""
        sound: dict[str, Any] = {SOUND: plugins.load("analyst", SOUND)()}
        return {**sound, self.role: self.analyst(self.role)}

    def control(self) -> Mapping[str, Analyst]:
        """Return the sound ones in the same seats."""
        return {role: plugins.load("analyst", role)() for role in self.panel()}


MUTANTS: Final = (
    Mutant("always BUY", AlwaysBuys, ("as_it_is",), "direction"),
    Mutant("coin flip", FlipsCoins, ("asked_again",), "repeatable", REGIMES, 3),
    Mutant("inverted", Inverts, ("as_it_is",), "direction"),
    Mutant("look-ahead", LooksAhead, ("two_futures",), "no_look_ahead"),
    Mutant("constant confidence", IsAlwaysAsSure, ("confidence_varies",), "confidence_varies", REGIMES),
    Mutant("slow", NeverAnswers, ("as_it_is",), "deadline", ("sideways",), timeout_s=0.5),
    Mutant("raising", Raises, ("as_it_is",), "answers", ("sideways",)),
    Mutant("NaN", SaysNan, ("as_it_is",), "answers", ("sideways",)),
    Mutant("prose without numbers", GivesProse, ("as_it_is",), "reasons"),
    Mutant("parrot of another", Parrots, ("own_mind",), "own_mind", REGIMES, role="technical_analyst"),
)
