"""The whole panel of five, asked through the coordinator as a decision asks it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import plugins
from app.ai.trading_agents import AIAgentCoordinator
from app.analysis.voting import CAMPS
from app.domain.market import NewsItem
from app.domain.times import from_micros
from app.domain.votes import ABSTAIN, BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, seated
from tests.unit.ai.asking import BAR_ROLES, at
from tests.unit.analysis.real_bars import in_unit, window
from tests.unit.analysis.scenes import steady

ROLES = (*BAR_ROLES, "news_analyst")
HEADLINES = ("Quarterly profit surges and beats estimates", "Analyst upgrades the stock", "Annual meeting on Tuesday")


def panel(context, roles=ROLES):
    """What the coordinator brings back from these analysts."""
    seats = seated(*(plugins.load("analyst", role)() for role in roles), symbol=context.symbol)
    return asyncio.run(AIAgentCoordinator().run(context, seats, 30))


def opinions(context):
    """The opinions by role."""
    return {vote.agent_type: vote.opinion for vote in panel(context).votes}


def scene(some, **others):
    """The context at the end of the bars, with three headlines of the last days."""
    as_of = from_micros(some.ends_at)
    news = tuple(NewsItem(as_of - timedelta(days=2 - age), "wire", title) for age, title in enumerate(HEADLINES))
    return at(some, news=news, **others)


def without_prices(opinion):
    return replace(opinion, stop_loss=None, take_profit=None)


@cache
def camps():
    """The side each analyst of bars takes, every 25th day of the bundled series."""
    contexts = [at(window(symbol, start)) for symbol in SAMPLE_SYMBOLS for start in range(0, 1_890, 25)]
    said = [
        {vote.agent_type: CAMPS[vote.opinion.decision] for vote in panel(each, BAR_ROLES).votes} for each in contexts
    ]
    return {role: [sides[role] for sides in said] for role in BAR_ROLES}


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_all_five_have_an_opinion_of_a_real_market(symbol):
    result = panel(scene(window(symbol)))
    assert [vote.agent_type for vote in result.votes] == list(ROLES)
    assert result.failures == ()
    assert all(vote.opinion.decision != ABSTAIN and vote.error_kind is None for vote in result.votes)


@given(st.integers(0, 1_890), st.integers(-30, 30))
@settings(max_examples=20)
def test_at_a_power_of_two_of_the_price_only_the_ways_out_move_and_exactly(start, power):
    unit, some = 2.0**power, window(start=start)
    plain, scaled = opinions(scene(some)), opinions(scene(in_unit(some, unit)))
    for role, opinion in plain.items():
        assert without_prices(scaled[role]) == without_prices(opinion)
        for way_out in ("stop_loss", "take_profit"):
            level = getattr(opinion, way_out)
            assert getattr(scaled[role], way_out) == (None if level is None else level * unit)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
@pytest.mark.parametrize("start", [0, 600, 1_200, 1_890])
def test_at_ten_times_the_price_the_ways_out_are_ten_times_as_far(symbol, start):
    some = window(symbol, start)
    plain, scaled = opinions(scene(some)), opinions(scene(in_unit(some, 10.0)))
    for role, opinion in plain.items():
        assert without_prices(scaled[role]) == without_prices(opinion)
        if opinion.stop_loss is not None:
            assert scaled[role].stop_loss == pytest.approx(10 * opinion.stop_loss)
            assert scaled[role].take_profit == pytest.approx(10 * opinion.take_profit)


def with_later_prices_times(factor, some):
    """The bars with every price after the 250th bar times `factor`."""
    later = np.where(np.arange(len(some)) < 250, 1.0, factor)
    prices = {name: getattr(some, name) * later for name in ("open", "high", "low", "close")}
    return replace(some, **prices)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
@pytest.mark.parametrize("start", range(0, 1_890, 270))
def test_whoever_acts_gets_out_below_a_long_above_a_short_and_never_at_nothing(symbol, start):
    context = scene(window(symbol, start))
    for role in BAR_ROLES:
        opinion = opinions(context)[role]
        if opinion.decision != HOLD:
            low, high = sorted([opinion.stop_loss, opinion.take_profit])
            assert 0 < low < context.price < high
            assert (opinion.stop_loss == low) == (CAMPS[opinion.decision] == "BULL")


@pytest.mark.parametrize(("rate", "words"), [(0.004, {BUY, STRONG_BUY}), (-0.004, {SELL, STRONG_SELL})])
def test_a_steady_move_is_followed_by_whoever_follows_trends(rate, words):
    said = opinions(scene(steady(250, rate)))
    assert said["market_analyst"].decision in words
    assert said["strategy_optimizer"].decision in words


def test_a_sharp_drop_after_calm_divides_the_panel():
    calm = [100.0 + (place % 2) for place in range(240)]
    said = opinions(scene(bars([*calm, *(100 * 0.98**fall for fall in range(1, 8))])))
    assert said["technical_analyst"].decision in {BUY, STRONG_BUY}
    assert said["risk_advisor"].decision in {SELL, STRONG_SELL}


@pytest.mark.parametrize(("rsi", "side"), [(0.0, "BULL"), (100.0, "BEAR")])
def test_the_callers_indicators_take_effect_and_are_listed(rsi, side):
    extreme = 2 * rsi - 100
    supplied = {"rsi_14": rsi, "stoch_k": rsi, "mfi_14": rsi, "williams_r_14": rsi - 100, "cci_20": 3 * extreme}
    result = panel(scene(window(), indicators=supplied), ["technical_analyst"])
    assert CAMPS[result.votes[0].opinion.decision] == side
    assert result.tool_calls[0].result["overridden"] == sorted(supplied)


@pytest.mark.parametrize("true_range", [-5.0, 0.0, 1e308])
def test_a_true_range_that_cannot_be_leaves_the_ways_out_on_their_sides(true_range):
    context = scene(steady(250, 0.004), indicators={"atr_14": true_range})
    said = opinions(context)["market_analyst"]
    assert 0 < said.stop_loss < context.price < said.take_profit < 5 * context.price
