"""MockDataGenerator: what its bars promise."""

import numpy as np
import pytest

from app.domain.bar_checks import bars_of
from app.domain.errors import UnknownNameError
from app.domain.market import Bars
from app.domain.times import from_micros
from app.testing.mock_data_generator import REGIMES, MockDataGenerator


def checked(bars: Bars) -> Bars:
    """The same bars, through the checks of a request."""
    times = [from_micros(int(moment)) for moment in bars.times]
    return bars_of(times, [bars.open, bars.high, bars.low, bars.close], bars.volume, bars.interval)


@pytest.mark.parametrize("regime", REGIMES)
def test_bars_of_every_regime_pass_the_checks_of_a_request(regime):
    bars = MockDataGenerator(3).generate_bars("AAPL", regime, 2_000)

    assert checked(bars).digest() == bars.digest()


def test_the_same_seed_symbol_and_regime_give_the_same_bytes():
    first, second = (MockDataGenerator(7).generate_bars("AAPL", "crash", 300) for _ in range(2))

    assert first.digest() == second.digest()


def test_another_symbol_or_seed_gives_other_bars():
    apple = MockDataGenerator(7).generate_bars("AAPL", "sideways", 300)

    assert MockDataGenerator(7).generate_bars("MSFT", "sideways", 300).digest() != apple.digest()
    assert MockDataGenerator(8).generate_bars("AAPL", "sideways", 300).digest() != apple.digest()


def test_two_symbols_of_one_market_move_together():
    market = MockDataGenerator(1, correlation=0.5)
    returns = [np.diff(np.log(market.generate_bars(name, "sideways", 3_000).close)) for name in ("AAPL", "MSFT")]

    assert 0.3 < np.corrcoef(returns)[0, 1] < 0.6


def test_an_unknown_regime_is_refused_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="trending_bullish"):
        MockDataGenerator().generate_bars("AAPL", "moon", 10)
