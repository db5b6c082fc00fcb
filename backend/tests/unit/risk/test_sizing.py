from hypothesis import given
from hypothesis import strategies as st
from pytest import approx, mark

from app.risk.sizing import drawdown_scale, stop_and_target, volatility_target_size

positive = st.floats(1e-9, 1e9)
sides = st.sampled_from([1, -1])


@mark.parametrize(("volatility", "size"), [(0.0, 1.0), (0.10, 1.0), (0.15, 1.0), (0.30, 0.5), (0.60, 0.25), (1.5, 0.1)])
def test_a_holding_twice_as_volatile_as_the_target_gets_half_the_equity(volatility, size):
    assert volatility_target_size(volatility) == approx(size)


@given(st.floats(0, 1e6), st.floats(0.01, 1), st.floats(0.01, 1))
def test_the_size_stays_between_nothing_and_the_cap_whatever_the_volatility(volatility, target, cap):
    assert 0 <= volatility_target_size(volatility, target, cap) <= cap


@given(positive, positive)
def test_more_volatility_never_means_a_larger_size(some, other):
    calm, wild = sorted([some, other])
    assert volatility_target_size(wild) <= volatility_target_size(calm)


@mark.parametrize(("drawdown", "scale"), [(0.0, 1.0), (0.15, 0.5), (0.30, 0.0), (0.90, 0.0)])
def test_exposure_shrinks_with_what_is_left_above_the_deepest_fall_allowed(drawdown, scale):
    assert drawdown_scale(drawdown) == approx(scale)


def test_a_long_holding_is_stopped_two_ranges_below_and_aims_three_above():
    assert stop_and_target(100.0, 2.0, 1) == (96.0, 106.0)


def test_a_short_holding_is_stopped_above_and_aims_below():
    assert stop_and_target(100.0, 2.0, -1) == (104.0, 94.0)


@given(positive, positive, sides)
def test_stop_and_target_lie_on_either_side_of_the_price_and_above_zero(price, true_range, side):
    stop, target = stop_and_target(price, true_range, side)
    assert 0 < min(stop, target) <= price <= max(stop, target)
    assert (target - stop) * side >= 0


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), sides, st.integers(-40, 40))
def test_stop_and_target_move_with_the_unit_of_the_price(price, true_range, side, power):
    unit = 2.0**power
    stop, target = stop_and_target(price, true_range, side)
    assert stop_and_target(price * unit, true_range * unit, side) == (stop * unit, target * unit)
