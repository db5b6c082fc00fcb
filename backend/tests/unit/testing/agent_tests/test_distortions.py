"""Spoiled bars are still bars that a market could have printed, and are spoiled as told."""

import numpy as np
import pytest

from app.domain.bar_checks import bars_of
from app.domain.times import from_micros
from app.testing.agent_tests import distortions
from app.testing.agent_tests.scenes import scene

BARS = scene("sideways", 1).bars
SPOILED = {
    "one_tick": distortions.one_tick(BARS, 1),
    "gaps": distortions.gaps(BARS, 1),
    "without_volume": distortions.without_volume(BARS),
    "spike": distortions.spike(BARS),
    "unadjusted_split": distortions.unadjusted_split(BARS),
    "halted": distortions.halted(BARS),
    "motionless": distortions.motionless(BARS),
    "overshot": distortions.overshot(BARS, 1),
    "mirrored": distortions.mirrored(BARS),
    "continued": distortions.continued(BARS, -1),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_left_can_have_been_printed(name):
    spoiled = SPOILED[name]
    times, *prices, volume = spoiled.columns()
    nudged = [price.tolist() for price in prices]
    read = bars_of([from_micros(int(time)) for time in times], nudged, volume.tolist(), spoiled.interval)
    assert len(read) == len(spoiled)


def test_noise_moves_no_bar_by_more_than_a_tick():
    moved = np.abs(SPOILED["one_tick"].close - BARS.close)
    assert 0 < moved.max() <= distortions.TICK + 1e-9


def test_a_fifth_of_the_bars_is_gone_but_not_the_last():
    gaps = SPOILED["gaps"]
    assert 0.7 < len(gaps) / len(BARS) < 0.9
    assert gaps.ends_at == BARS.ends_at


def test_a_spike_is_one_bar():
    assert np.flatnonzero(SPOILED["spike"].close != BARS.close).tolist() == [len(BARS) - 6]


def test_a_split_is_a_jump_in_prices_that_were_the_same_market():
    split = SPOILED["unadjusted_split"]
    assert (split.close[:-30] / BARS.close[:-30]).tolist() == pytest.approx([4.0] * (len(BARS) - 30))
    assert split.close[-30:].tolist() == BARS.close[-30:].tolist()


def test_a_halted_market_repeats_its_last_price_without_volume():
    halted = SPOILED["halted"]
    assert set(halted.close[-11:]) == {BARS.close[-11]}
    assert halted.volume[-10:].sum() == 0


def test_a_mirror_image_ends_at_the_same_price_and_falls_where_the_market_rose():
    mirrored = SPOILED["mirrored"]
    assert mirrored.close[-1] == pytest.approx(BARS.close[-1])
    assert np.diff(np.log(mirrored.close)).tolist() == pytest.approx((-np.diff(np.log(BARS.close))).tolist())


def test_a_future_begins_where_the_present_ends():
    future = SPOILED["continued"]
    assert future.times[len(BARS)] == BARS.times[-1] + BARS.interval.micros
    assert future.close[-1] < BARS.close[-1] * 0.6
