"""What can be wrong with bars, as pure functions from bars to bars; chance comes from a seed."""

from dataclasses import replace
from typing import Final

import numpy as np

from app.domain.market import Bars, Column

TICK: Final = 0.01
SPIKE, SPIKE_AGO = 1.6, 5
SPLIT, SPLIT_AGO = 4.0, 30
HALTED_BARS: Final = 10
MISSING: Final = 0.2
OVERSHOT_BARS, OVERSHOT_DEVIATIONS = 6, 1.5


def priced(bars: Bars, factor: Column | float) -> Bars:
    """Return the bars with each bar's prices multiplied by its factor (one, or float64[n])."""
    return replace(
        bars, open=bars.open * factor, high=bars.high * factor, low=bars.low * factor, close=bars.close * factor
    )


def one_tick(bars: Bars, seed: int) -> Bars:
    """Move each bar by a tick up, a tick down or not at all."""
    moved = np.random.default_rng(seed).integers(-1, 2, len(bars)) * TICK
    return priced(bars, 1 + moved / bars.close)


def gaps(bars: Bars, seed: int) -> Bars:
    """Lose a fifth of the bars, never the last."""
    kept = np.random.default_rng(seed).random(len(bars)) >= MISSING
    kept[-1] = True
    times, *values = bars.columns()
    open_, high, low, close, volume = (column[kept] for column in values)
    return Bars(times[kept], open_, high, low, close, volume, bars.interval)


def without_volume(bars: Bars) -> Bars:
    """Say of no bar how much was traded."""
    return replace(bars, volume=np.full(len(bars), np.nan))


def spike(bars: Bars) -> Bars:
    """Print one bar, six before the end, far above its neighbours."""
    factor = np.ones(len(bars))
    factor[-1 - SPIKE_AGO] = SPIKE
    return priced(bars, factor)


def unadjusted_split(bars: Bars) -> Bars:
    """Leave the prices before a four-for-one split as they were."""
    factor = np.ones(len(bars))
    factor[:-SPLIT_AGO] = SPLIT
    return priced(bars, factor)


def halted(bars: Bars) -> Bars:
    """Stop trading: the last bars repeat one price, without volume."""
    price = bars.close[-1 - HALTED_BARS]
    open_, high, low, close = (_ending(each, price) for each in (bars.open, bars.high, bars.low, bars.close))
    return replace(bars, open=open_, high=high, low=low, close=close, volume=_ending(bars.volume, 0.0))


def motionless(bars: Bars) -> Bars:
    """Print one price in every bar."""
    price = np.full(len(bars), bars.close[-1])
    return replace(bars, open=price, high=price, low=price, close=price)


def overshot(bars: Bars, side: int) -> Bars:
    """Push the last bars to one side, each by one and a half usual deviations."""
    usual = float(np.diff(np.log(bars.close))[-100:].std())
    steps = np.zeros(len(bars))
    steps[-OVERSHOT_BARS:] = side * OVERSHOT_DEVIATIONS * usual
    return priced(bars, np.exp(steps.cumsum()))


def mirrored(bars: Bars) -> Bars:
    """Turn every rise into an equal fall, ending at the same price."""
    square = float(bars.close[-1]) ** 2
    return replace(
        bars, open=square / bars.open, high=square / bars.low, low=square / bars.high, close=square / bars.close
    )


def continued(bars: Bars, side: int, count: int = 20) -> Bars:
    """Add a future that rises or falls by three percent a bar."""
    growth = np.exp(side * 0.03 * np.arange(1, count + 1))
    close = bars.close[-1] * growth
    open_ = close / np.exp(side * 0.03)
    times = np.concatenate((bars.times, bars.times[-1] + bars.interval.micros * np.arange(1, count + 1)))
    added = (open_, np.maximum(open_, close), np.minimum(open_, close), close, np.full(count, bars.volume[-1]))
    values = (np.concatenate(pair) for pair in zip(bars.columns()[1:], added, strict=True))
    opens, high, low, closes, volume = values
    return Bars(times, opens, high, low, closes, volume, bars.interval)


def _ending(column: Column, value: float) -> Column:
    changed = column.copy()
    changed[-HALTED_BARS:] = value
    return changed
