"""What a trader expects of each role in each regime, and what would be unreasonable to expect of it.

The expectations follow from the question that a role asks, not from how its rule or its model answers it.
"""

from collections.abc import Mapping
from typing import Final

from app.testing.agent_tests.expectations import (
    Expectation,
    no_strong_word,
    risk_rises,
    side_is,
    side_is_not,
)
from app.testing.agent_tests.views import BEAR, BULL, PANEL

Course = Mapping[str, tuple[Expectation, ...]]

MARKET_ANALYST: Final[Course] = {
    "trending_bullish": (side_is(BULL, "a clear rise is what it looks for"),),
    "trending_bearish": (side_is(BEAR, "a clear fall is what it looks for"),),
    "crash": (side_is_not(BULL, "no momentum trader buys a market that has just collapsed"),),
    "recovery": (side_is_not(BEAR, "the last month rises clearly"),),
    "sideways": (no_strong_word("the move is smaller than its noise"),),
    "high_volatility": (no_strong_word("swings without direction are no trend"),),
}
TECHNICAL_ANALYST: Final[Course] = {
    "sideways": (no_strong_word("the price stands near its usual level"),),
}
RISK_ADVISOR: Final[Course] = {
    "crash": (side_is_not(BULL, "no risk is added while the market collapses"), risk_rises()),
    "high_volatility": (side_is_not(BULL, "no risk is added in turbulence"), risk_rises()),
    "low_volatility": (side_is_not(BEAR, "nothing is held and the market is calm"),),
    "trending_bullish": (side_is_not(BEAR, "a steady rise near its high is no time to reduce"),),
}
STRATEGY_OPTIMIZER: Final[Course] = {
    "trending_bullish": (side_is_not(BEAR, "a clear trend is followed or left alone, never faded"),),
    "trending_bearish": (side_is_not(BULL, "a clear trend is followed or left alone, never faded"),),
    "crash": (side_is_not(BULL, "no strategy buys into a collapse"),),
    "recovery": (side_is_not(BEAR, "a recovery under way is not sold"),),
    "sideways": (no_strong_word("there is nothing strong to say of a range"),),
    "high_volatility": (no_strong_word("turbulence without direction fits no strategy"),),
}
NEWS_ANALYST: Final[Course] = {
    "trending_bullish": (side_is(BULL, "every headline is good"),),
    "recovery": (side_is(BULL, "every headline is good"),),
    "trending_bearish": (side_is(BEAR, "every headline is bad"),),
    "crash": (side_is(BEAR, "every headline is bad"),),
    **{
        regime: (no_strong_word("the headlines are of neither kind"),)
        for regime in ("sideways", "high_volatility", "low_volatility", "regime_switching")
    },
}
WHOLE_PANEL: Final[Course] = {
    "trending_bullish": (side_is_not(BEAR, "a clear rise is followed or waited for"),),
    "trending_bearish": (side_is_not(BULL, "a clear fall is followed or waited for"),),
    "crash": (side_is_not(BULL, "the desk does not buy into a collapse"),),
    "sideways": (no_strong_word("nothing strong is to be seen"),),
    "high_volatility": (no_strong_word("turbulence without direction is no reason to commit"),),
}
EXPECTED: Final[Mapping[str, Course]] = {
    "market_analyst": MARKET_ANALYST,
    "technical_analyst": TECHNICAL_ANALYST,
    "risk_advisor": RISK_ADVISOR,
    "strategy_optimizer": STRATEGY_OPTIMIZER,
    "news_analyst": NEWS_ANALYST,
    PANEL: WHOLE_PANEL,
}
NOT_EXPECTED: Final[Mapping[tuple[str, str], str]] = {
    ("technical_analyst", "crash"): "caution: buying what fell too far is its question; the panel weighs it down",
    ("technical_analyst", "trending_bullish"): "the direction: it asks whether the price ran ahead of itself",
    ("technical_analyst", "trending_bearish"): "the direction: it asks whether the price ran ahead of itself",
    ("risk_advisor", "trending_bullish"): "to vote for the rise: it asks whether risk can be carried, not where to",
    ("risk_advisor", "trending_bearish"): "to vote for the fall: it asks whether risk can be carried, not where to",
    ("news_analyst", "sideways"): "to look at prices: headlines alone are its evidence",
    (PANEL, "trending_bullish"): "to follow every trend: conflict is resolved conservatively, so waiting is right too",
}


def expected_of(agent_type: str, regime: str) -> tuple[Expectation, ...]:
    """Return what is expected of a role in a regime; a role that is not known has general expectations alone."""
    return EXPECTED.get(agent_type, {}).get(regime, ())
