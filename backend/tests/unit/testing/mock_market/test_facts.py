"""The mock market has the habits of real ones, by a table of theirs; a plain Gaussian walk has not."""

from functools import cache

import numpy as np
import pytest

from app.domain.market import Bars
from app.testing.mock_data_generator import DAILY, REGIMES, MockDataGenerator
from app.testing.mock_market import fitted
from app.testing.mock_market.facts import FACTS, measured
from app.testing.mock_market.shapes import bridge_extremes

MARKETS, BARS = 24, 3_500
RANGES = fitted.document()["ranges"]
FORETOLD = {"trending_bullish", "trending_bearish"}
"""Where a drift lasts, returns say a little of one another: real series are neither throughout."""


@cache
def facts_of(regime):
    """The median over markets of each fact."""
    found = [measured(MockDataGenerator(seed).generate_bars("AAPL", regime, BARS)) for seed in range(MARKETS)]
    return {name: float(np.median([each[name] for each in found])) for name in FACTS}


def outside(facts):
    return {name for name, (low, high) in RANGES.items() if not low <= facts[name] <= high}


def gaussian_walk(seed):
    """Bars of the same volatility whose returns are normal and know nothing of one another."""
    random = np.random.default_rng(seed)
    deviation = fitted.deviation()
    path = np.concatenate(([0.0], np.cumsum(random.standard_normal(BARS) * deviation)))
    opens, closes = path[:-1], path[1:]
    high, low = bridge_extremes(opens, closes, np.full(BARS, deviation), random, random)
    volume = np.exp(15 + 0.3 * random.standard_normal(BARS))
    times = np.arange(BARS, dtype=np.int64) * DAILY.micros
    return Bars(times, np.exp(opens), np.exp(high), np.exp(low), np.exp(closes), volume, DAILY)


@pytest.mark.parametrize("regime", REGIMES)
def test_each_fact_of_a_mock_market_is_within_the_range_of_real_ones(regime):
    assert outside(facts_of(regime)) - ({"return_memory"} if regime in FORETOLD else set()) == set()


@pytest.mark.parametrize("regime", sorted(FORETOLD))
def test_even_a_lasting_drift_leaves_returns_all_but_unforeseeable(regime):
    assert abs(facts_of(regime)["return_memory"]) < 0.05


def test_a_gaussian_walk_fails_the_table():
    found = [measured(gaussian_walk(seed)) for seed in range(MARKETS)]
    facts = {name: float(np.median([each[name] for each in found])) for name in FACTS}

    assert outside(facts) >= {
        "kurtosis",
        "tail_index",
        "clustering",
        "slow_decay",
        "leverage",
        "volume_and_volatility",
        "volume_memory",
        "gap_share",
    }


def test_the_table_names_the_source_span_and_facts_of_every_series():
    series = fitted.document()["series"]

    assert len(series) >= 8
    for each in series.values():
        assert "/" in each["source"]
        assert each["first"] < each["last"]
        assert each["bars"] > 2_000
        assert each["facts"].keys() == FACTS.keys()


def test_the_ranges_are_those_of_the_series():
    series = fitted.document()["series"].values()

    for name, (low, high) in RANGES.items():
        values = [each["facts"][name] for each in series]
        assert (low, high) == (min(values), max(values))
