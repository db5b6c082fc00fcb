from itertools import pairwise

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.analysis.regimes import LABELS, MINIMUM_BARS, current_regime, label_bars, wilson_interval
from app.market_data.sample_bars import SAMPLE_SYMBOLS
from tests.builders import bars, waves
from tests.unit.analysis.real_bars import real, without_volume

STEPS = st.lists(st.floats(-0.2, 0.2), min_size=101, max_size=180)


def quiet(count, size=0.004):
    """Log returns that go nowhere."""
    return [size if place % 2 else -size for place in range(count)]


def closes(*returns):
    return 100 * np.exp(np.cumsum(np.concatenate(returns)))


def label_after(*returns):
    return LABELS[int(label_bars(closes(*returns))[-1])]


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
@pytest.mark.parametrize("visible", [102, 250, 1_007, 2_000])
def test_later_bars_never_change_an_earlier_label(symbol, visible):
    close = real(symbol).close
    prefix = label_bars(close[:visible])
    assert np.array_equal(prefix, label_bars(close)[: len(prefix)])


@given(STEPS, st.integers(1, 60))
def test_no_future_whatever_it_brings_changes_a_label(steps, hidden):
    close = closes(np.array(steps))
    visible = max(101, len(close) - hidden)
    prefix = label_bars(close[:visible])
    assert np.array_equal(prefix, label_bars(close)[: len(prefix)])


def test_labels_begin_with_the_hundred_and_first_bar():
    assert len(label_bars(closes(quiet(100)))) == 0
    assert len(label_bars(closes(quiet(101)))) == 1
    assert len(label_bars(closes(quiet(350)))) == 250


@pytest.mark.parametrize(
    ("label", "returns"),
    [
        ("sideways", [quiet(150)]),
        ("trending_bullish", [quiet(130), [0.004] * 20]),
        ("trending_bearish", [quiet(130), [-0.003, -0.006] * 10]),
        ("crash", [quiet(130), [-0.05, -0.01] * 10]),
        ("high_volatility", [quiet(130), quiet(20, 0.02)]),
        ("low_volatility", [quiet(130, 0.02), quiet(20, 0.002)]),
        ("recovery", [quiet(100, 0.01), [-0.02] * 30, [0.015] * 20]),
    ],
)
def test_a_clear_case_gets_its_label(label, returns):
    assert label_after(*returns) == label


@pytest.mark.parametrize("symbol", SAMPLE_SYMBOLS)
def test_real_markets_go_through_every_regime(symbol):
    assert set(label_bars(real(symbol).close)) == set(range(len(LABELS)))


@pytest.mark.parametrize("factor", [2.0**-40, 1e-8, 10.0, 1e8])
def test_the_unit_of_the_price_changes_no_label(factor):
    close = real("IBM").close
    assert np.array_equal(label_bars(close), label_bars(close * factor))


def test_a_price_that_never_moves_goes_sideways_without_a_warning():
    assert {LABELS[label] for label in label_bars(np.full(150, 7.0))} == {"sideways"}


def test_too_short_a_history_has_no_regime():
    assert current_regime(bars(waves(MINIMUM_BARS - 1))) is None
    assert current_regime(bars(waves(MINIMUM_BARS))) is not None


def test_every_step_from_label_to_label_is_counted_once():
    some = real("GOOG")
    labels = label_bars(some.close)
    regime = current_regime(some)
    assert regime.counts.sum() == len(labels) - 1
    calm = LABELS.index("sideways")
    assert regime.counts[calm, calm] == sum(int(one == other == calm) for one, other in pairwise(labels))


def test_the_chances_of_what_follows_sum_to_one_and_lie_in_their_intervals():
    following = current_regime(real("AAPL")).next_labels().values()
    assert sum(each["probability"] for each in following) == approx(1, abs=1e-3)
    assert all(0 <= each["low"] <= each["probability"] <= each["high"] <= 1 for each in following)


def test_the_run_counts_the_bars_since_the_label_changed():
    some = bars(list(closes(quiet(130), [0.004] * 25)))
    labels = label_bars(some.close)
    regime = current_regime(some)
    assert regime.label == LABELS[int(labels[-1])]
    assert set(labels[-regime.run :]) == {labels[-1]}
    assert labels[-regime.run - 1] != labels[-1]


def test_the_expected_duration_follows_from_the_chance_to_stay():
    told = current_regime(real("MSFT")).as_dict()
    stay = told["next"][told["label"]]["probability"]
    assert told["expected_duration_bars"] == approx(1 / (1 - stay), abs=0.01)


def test_a_regime_that_was_never_left_has_no_expected_duration():
    told = current_regime(bars(list(closes(quiet(150))))).as_dict()
    assert (told["label"], told["expected_duration_bars"]) == ("sideways", None)


def test_a_regime_is_told_in_json():
    some = real("AAPL")
    for end in range(250, len(some), 250):
        told = current_regime(some.between(end - 250, end)).as_dict()
        assert orjson.loads(orjson.dumps(told)) == told


@given(STEPS)
def test_what_volume_there_was_plays_no_part(steps):
    some = bars(list(closes(np.array(steps), [0.01])))
    assert current_regime(some).as_dict() == current_regime(without_volume(some)).as_dict()


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_the_interval_is_the_one_published_for_the_score_method(successes, trials, low, high):
    assert wilson_interval(successes, trials) == approx((low, high), abs=5e-5)


def test_nothing_tried_leaves_everything_open():
    assert wilson_interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000), st.data())
def test_the_interval_holds_the_share_and_narrows_with_trials(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    tighter_low, tighter_high = wilson_interval(successes * 10, trials * 10)
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1
    assert tighter_high - tighter_low < high - low
