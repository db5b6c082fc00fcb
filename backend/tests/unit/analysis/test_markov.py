import numpy as np
import pytest

from app.analysis.markov import chain_of, regime_chain
from app.analysis.regimes import LABELS, current_regime, wilson_interval
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, waves
from tests.unit.analysis.real_bars import real

WEATHER = chain_of(np.array([0, 0, 1, 0, 0, 0, 1, 1, 1, 2]), ("dry", "wet", "snow"))


def test_transitions_are_counted_from_row_to_column():
    assert WEATHER.counts.tolist() == [[3, 2, 0], [1, 2, 1], [0, 0, 0]]
    assert WEATHER.counts.sum() == len(WEATHER.states) - 1


def test_each_probability_comes_with_its_count_and_interval():
    low, high = wilson_interval(3, 5)

    assert WEATHER.followers("dry")["dry"] == {
        "count": 3,
        "probability": 0.6,
        "low": round(low, 4),
        "high": round(high, 4),
    }
    assert WEATHER.followers("snow") == {}


def test_persistence_tells_how_long_a_state_lasts():
    dry, snow = WEATHER.persistence("dry"), WEATHER.persistence("snow")

    assert (dry["bars"], dry["stay"], dry["expected_bars"], dry["longest"]) == (5, 0.6, 2.5, 3)
    assert (snow["stay"], snow["low"], snow["high"], snow["expected_bars"], snow["longest"]) == (None, 0, 1, None, 1)


def test_a_state_that_was_never_left_has_no_expected_length():
    assert chain_of(np.array([0, 0, 0]), ("dry",)).persistence("dry")["expected_bars"] is None


def test_no_states_at_all_are_a_chain_without_a_present():
    found = chain_of(np.empty(0, np.int64), ("dry", "wet")).as_dict()

    assert (found["current"], found["transitions"], found["persistence"]["dry"]["longest"]) == (None, 0, 0)


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_the_chain_of_regimes_agrees_with_the_tool(symbol):
    chain, regime = regime_chain(real(symbol)), current_regime(real(symbol))

    assert chain.as_dict()["current"] == regime.label
    assert np.array_equal(chain.counts, regime.counts)
    assert chain.followers(regime.label) == regime.next_labels()


def test_later_bars_never_change_an_earlier_state():
    whole = real("AAPL")
    prefix = regime_chain(whole.between(0, 700))

    assert np.array_equal(prefix.states, regime_chain(whole).states[: len(prefix.states)])


def test_a_short_series_has_no_states_yet():
    found = regime_chain(bars(waves(50))).as_dict()

    assert (found["states"], found["transitions"]) == (list(LABELS), 0)
