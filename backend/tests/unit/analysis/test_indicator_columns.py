import numpy as np
import pytest

from app.analysis.indicator_columns import indicator_columns
from app.analysis.indicators import INDICATORS, compute
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, waves
from tests.unit.analysis.real_bars import real, without_volume

FLAT = [100.0] * 30


def agrees_everywhere(series):
    columns = indicator_columns(series)
    for count in range(1, len(series) + 1):
        expected = compute(series.between(0, count))
        found = {name: float(column[count - 1]) for name, column in columns.items()}
        assert {name for name, value in found.items() if np.isfinite(value)} == expected.keys(), count
        assert [found[name] for name in expected] == pytest.approx(list(expected.values()), rel=1e-12), count


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_the_value_at_a_bar_is_that_of_the_bars_up_to_it(symbol):
    agrees_everywhere(real(symbol).between(500, 720))


def test_so_it_is_where_prices_stand_still():
    agrees_everywhere(bars([*waves(60), *FLAT, *waves(40)]))


def test_so_it_is_where_nothing_is_known_of_volume():
    agrees_everywhere(without_volume(real("IBM").between(0, 80)))


def test_no_bars_have_no_values():
    assert {name: len(column) for name, column in indicator_columns(bars([])).items()} == {
        each.name: 0 for each in INDICATORS
    }
