"""Every indicator at every bar of a series, each from the bars up to its own."""

import numpy as np
from numpy.typing import NDArray

from app.analysis.indicators import INDICATORS, SETTLED, SHARES_IN_SIGHT, price_columns, size_of
from app.domain.market import Bars, Column

Flags = NDArray[np.bool_]

_UNITS = {each.name: each.unit for each in INDICATORS}


def indicator_columns(bars: Bars) -> dict[str, Column]:
    """Return each indicator by name, float64[n], NaN where it is not defined.

    The value at a bar is the one that `indicators.compute` gives of the bars up to it: nothing later is in it.
    """
    if not len(bars):
        return {name: np.empty(0) for name in _UNITS}
    price_unit = size_of(float(np.median(bars.close)))
    share_unit = size_of(float(np.nanmax(bars.volume, initial=0.0))) / SHARES_IN_SIGHT
    high, low, close = bars.high / price_unit, bars.low / price_unit, bars.close / price_unit
    found = dict(price_columns(high, low, close))
    found |= _where_prices_move(high, low, close)
    found |= _where_shares_change_hands(high, low, close, bars.volume / share_unit)
    scale = {"price": price_unit, "shares": share_unit}
    return {name: found[name] * scale.get(unit, 1.0) for name, unit in _UNITS.items()}


def _where_prices_move(high: Column, low: Column, close: Column) -> dict[str, Column]:
    import talib

    typical = (high + low + close) / 3
    lively = _all_of_last(_spans(high, low, 5), 5)
    stoch_k, stoch_d = (_where(lively, column) for column in talib.STOCH(high, low, close))
    return {
        "rsi_14": _where(_spans(close, close, SETTLED), talib.RSI(close, 14)),
        "stoch_k": stoch_k,
        "stoch_d": stoch_d,
        "williams_r_14": _where(_spans(high, low, 14), talib.WILLR(high, low, close, 14)),
        "cci_20": _where(_spans(typical, typical, 20), talib.CCI(high, low, close, 20)),
    }


def _where_shares_change_hands(high: Column, low: Column, close: Column, volume: Column) -> dict[str, Column]:
    import talib

    typical = (high + low + close) / 3
    flows = np.append(False, (typical[1:] != typical[:-1]) & (volume[1:] > 0))
    traded = np.cumsum(volume) > 0
    return {
        "obv": _where(traded, talib.OBV(close, volume)),
        "mfi_14": _where(traded & ~_all_of_last(~flows, 14), talib.MFI(high, low, close, volume, 14)),
    }


def _where(holds: Flags, column: Column) -> Column:
    return np.where(holds, column, np.nan)


def _spans(high: Column, low: Column, count: int) -> Flags:
    """Whether the last `count` bars at each bar, or as many as there are, span any range."""
    import talib

    top, bottom = np.maximum.accumulate(high), np.minimum.accumulate(low)
    top[count:], bottom[count:] = talib.MAX(high, count)[count:], talib.MIN(low, count)[count:]
    spans: Flags = top > bottom
    return spans


def _all_of_last(flags: Flags, count: int) -> Flags:
    """Whether a flag was up at each of the last `count` bars, or of as many as there are."""
    downs = np.cumsum(~flags)
    before = np.concatenate((np.zeros(count, downs.dtype), downs[:-count]))[: len(downs)]
    none: Flags = downs == before
    return none
