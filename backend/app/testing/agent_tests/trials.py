"""The trials: what is done to a scene, and what each kind of agent must then still do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from app.testing.agent_tests.expectations import (
    Expectation,
    answers,
    flagged,
    no_direction,
    not_asked,
    not_reversed,
    not_surer,
    quotes_figures,
    same_opinion,
    side_is,
    steady,
)
from app.testing.agent_tests.roles import expected_of
from app.testing.agent_tests.views import BEAR, BULL, PANEL

Kind = Literal["market", "data", "law", "model", "habit"]
Demands = Callable[[str, str], tuple[Expectation, ...]]
NEWS: Final = "news_analyst"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One thing to try in a regime.

    Args:
        kind: `market` (as it is), `data` (a fault of the feed), `law` (what must not matter), `model` (a fault of the
            model), `habit` (seen over all scenes).
        meaning: what is done, for the report.
        demands: agent type and regime to expectations; none means that the trial has nothing to say about that agent.
        regimes: where it is tried; empty is everywhere.
    """

    name: str
    kind: Kind
    meaning: str
    demands: Demands
    regimes: tuple[str, ...] = ()


def _as_it_is(agent_type: str, regime: str) -> tuple[Expectation, ...]:
    reasons = () if agent_type == PANEL else (quotes_figures(),)
    return (*answers(), *expected_of(agent_type, regime), *reasons)


def _gaps(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (*answers("gaps"), not_reversed("gaps", "a fifth of the bars is missing"))


def _no_volume(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (*answers("no_volume"), not_reversed("no_volume", "nobody knows how much was traded"))


def _late(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    told = (flagged("stale", "the last bar is ten intervals old", "late"),) if agent_type == PANEL else ()
    return (*answers("late"), not_surer("late", "the last bar is ten intervals old"), *told)


def _spike(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (*answers("spike"), not_reversed("spike", "one bar six days ago is misprinted"))


def _split(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    words = "the prices before a four-for-one split were not adjusted"
    told = (flagged("suspected_split", words, "split"),) if agent_type == PANEL else ()
    return (*answers("split"), not_reversed("split", words), *told)


def _halt(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (*answers("halt"), not_surer("halt", "nothing has been traded for ten bars", "before_the_halt"))


def _contradiction(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    if agent_type == NEWS:
        return ()
    words = "the indicators show the mirror image of what the other tools show"
    return (*answers("contradiction"), not_surer("contradiction", words))


def _short(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return () if agent_type in (NEWS, PANEL) else (no_direction("forty bars are no history", "short"),)


def _motionless(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return () if agent_type == NEWS else (no_direction("the price has never moved", "motionless"),)


def _no_news(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (not_asked("there is no headline", "no_news"),) if agent_type == NEWS else ()


def _overshot_up(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    words = "the price has run six bars ahead of itself"
    return (side_is(BEAR, words, "overshot_up"),) if agent_type == "technical_analyst" else ()


def _overshot_down(agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    words = "the price has fallen six bars too far"
    return (side_is(BULL, words, "overshot_down"),) if agent_type == "technical_analyst" else ()


def _again(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (same_opinion(("again",), "repeatable", "answers the same question the same way"),)


def _scaled(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (same_opinion(("scaled",), "scale", "answers the same when every price is 7.3 times as high"),)


def _renamed(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (same_opinion(("renamed",), "name", "answers the same when the bars are another symbol's"),)


def _one_tick(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    return (steady(),)


def _two_futures(_agent_type: str, _regime: str) -> tuple[Expectation, ...]:
    words = "answers the same whether prices soar or collapse after the instant it looks at"
    return (same_opinion(("falling_future", "clean"), "no_look_ahead", words, "rising_future"),)


TRIALS: Final = (
    Trial("as_it_is", "market", "the market as it is", _as_it_is),
    Trial("overshot_up", "market", "six bars push the price up beyond its range", _overshot_up, ("sideways",)),
    Trial("overshot_down", "market", "six bars push the price down beyond its range", _overshot_down, ("sideways",)),
    Trial("gaps", "data", "a fifth of the bars is missing", _gaps),
    Trial("no_volume", "data", "bars without volume", _no_volume),
    Trial("late", "data", "the feed stopped ten intervals ago", _late),
    Trial("spike", "data", "one bar is printed 60 % too high", _spike),
    Trial("split", "data", "a four-for-one split is not adjusted for", _split),
    Trial("halt", "data", "trading has been halted for ten bars", _halt),
    Trial("contradiction", "data", "the tools contradict one another", _contradiction),
    Trial("short", "data", "forty bars of history", _short),
    Trial("motionless", "data", "a price that never moved", _motionless, ("sideways",)),
    Trial("no_news", "data", "no headline at all", _no_news, ("sideways",)),
    Trial("asked_again", "law", "the same question twice", _again),
    Trial("scaled", "law", "prices in another unit", _scaled),
    Trial("renamed", "law", "the same bars under another name", _renamed),
    Trial("one_tick", "law", "one tick of noise in each bar, four times", _one_tick),
    Trial("two_futures", "law", "two opposite futures behind the same present", _two_futures),
)
