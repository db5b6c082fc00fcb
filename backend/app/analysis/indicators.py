"""The indicators of the desk, by TA-Lib over whole columns; what is not defined is absent, never NaN.

TA-Lib counts a variance below 1e-14 as none and a money flow below 1 as nothing, whatever the price. So prices and
volumes are first divided by a power of two near their own size, which loses no bit, and what has the unit of a price
is multiplied back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import frexp, isfinite, ldexp

from app.domain.errors import FieldError, InvalidInputError, UnknownNameError
from app.domain.market import Bars, Column


@dataclass(frozen=True, slots=True)
class Indicator:
    """What one indicator means.

    Args:
        unit: `price`, `percent`, `index` (a bounded scale, told in the meaning), `shares`, or `none`.
        minimum_bars: fewer give no value; what smooths exponentially takes 150 to settle.
    """

    name: str
    meaning: str
    unit: str
    minimum_bars: int


INDICATORS: tuple[Indicator, ...] = (
    Indicator("sma_20", "simple moving average of 20 closes", "price", 20),
    Indicator("sma_50", "simple moving average of 50 closes", "price", 50),
    Indicator("ema_12", "exponential moving average of 12 closes", "price", 12),
    Indicator("ema_26", "exponential moving average of 26 closes", "price", 26),
    Indicator("macd", "ema_12 minus ema_26 (Appel)", "price", 34),
    Indicator("macd_signal", "exponential moving average of 9 values of macd", "price", 34),
    Indicator("macd_histogram", "macd minus macd_signal", "price", 34),
    Indicator("rsi_14", "relative strength index of Wilder, 0 to 100", "index", 15),
    Indicator("stoch_k", "slow stochastic %K (5, 3) of Lane, 0 to 100", "index", 9),
    Indicator("stoch_d", "average of 3 values of stoch_k", "index", 9),
    Indicator("adx_14", "average directional index of Wilder, 0 to 100: strength of a trend", "index", 28),
    Indicator("plus_di_14", "positive directional indicator of Wilder, 0 to 100", "index", 15),
    Indicator("minus_di_14", "negative directional indicator of Wilder, 0 to 100", "index", 15),
    Indicator("atr_14", "average true range of Wilder", "price", 15),
    Indicator("bb_upper", "upper Bollinger band: sma_20 plus two standard deviations", "price", 20),
    Indicator("bb_middle", "middle Bollinger band", "price", 20),
    Indicator("bb_lower", "lower Bollinger band: sma_20 minus two standard deviations", "price", 20),
    Indicator("cci_20", "commodity channel index of Lambert, about -200 to 200", "none", 20),
    Indicator("williams_r_14", "Williams %R, -100 to 0", "index", 14),
    Indicator("obv", "on-balance volume of Granville since the first bar", "shares", 1),
    Indicator("mfi_14", "money flow index of Quong and Soudack, 0 to 100", "index", 15),
    Indicator("roc_10", "change of the close over 10 bars", "percent", 11),
)
_UNITS = {each.name: each.unit for each in INDICATORS}
SETTLED = 150
SHARES_IN_SIGHT = 2.0**20


def compute(bars: Bars) -> dict[str, float]:
    """Return each defined indicator as of the last bar; an oscillator of a price that does not move is not defined."""
    if not len(bars):
        return {}
    price_unit = size_of(float(bars.close[-1]))
    share_unit = size_of(float(bars.volume[-SETTLED:].max())) / SHARES_IN_SIGHT
    high, low, close = bars.high / price_unit, bars.low / price_unit, bars.close / price_unit
    found = {**dict(price_columns(high, low, close)), **dict(_of_moving_prices(high, low, close))}
    if bars.has_volume:
        found.update(_of_volume(high, low, close, bars.volume / share_unit))
    scale = {"price": price_unit, "shares": share_unit}
    values = [(name, column.item(-1) * scale.get(_UNITS[name], 1.0)) for name, column in found.items()]
    return {name: value for name, value in values if isfinite(value)}


def size_of(value: float) -> float:
    """Return the greatest power of two that `value` reaches; 1 for nothing or unknown."""
    return ldexp(1.0, frexp(value)[1] - 1) if value > 0 else 1.0


def price_columns(high: Column, low: Column, close: Column) -> Iterator[tuple[str, Column]]:
    """Yield what is defined of any prices, moving or not, by name, float64[n]."""
    import talib

    yield "sma_20", talib.SMA(close, 20)
    yield "sma_50", talib.SMA(close, 50)
    yield "ema_12", talib.EMA(close, 12)
    yield "ema_26", talib.EMA(close, 26)
    yield from zip(("macd", "macd_signal", "macd_histogram"), talib.MACD(close, 12, 26, 9), strict=True)
    yield "adx_14", talib.ADX(high, low, close, 14)
    yield "plus_di_14", talib.PLUS_DI(high, low, close, 14)
    yield "minus_di_14", talib.MINUS_DI(high, low, close, 14)
    yield "atr_14", talib.ATR(high, low, close, 14)
    yield from zip(("bb_upper", "bb_middle", "bb_lower"), talib.BBANDS(close, 20, 2.0, 2.0), strict=True)
    yield "roc_10", talib.ROC(close, 10)


def _of_moving_prices(high: Column, low: Column, close: Column) -> Iterator[tuple[str, Column]]:
    """Yield what means nothing where prices do not move, if they do at the last bar."""
    import talib

    if _moves(close, close, SETTLED):
        yield "rsi_14", talib.RSI(close, 14)
    if (talib.MAX(high, 5)[-5:] > talib.MIN(low, 5)[-5:]).all():
        yield from zip(("stoch_k", "stoch_d"), talib.STOCH(high, low, close), strict=True)
    if _moves(high, low, 14):
        yield "williams_r_14", talib.WILLR(high, low, close, 14)
    typical = (high[-20:] + low[-20:] + close[-20:]) / 3
    if _moves(typical, typical, 20):
        yield "cci_20", talib.CCI(high, low, close, 20)


def _of_volume(high: Column, low: Column, close: Column, volume: Column) -> Iterator[tuple[str, Column]]:
    import talib

    yield "obv", talib.OBV(close, volume)
    typical = (high[-15:] + low[-15:] + close[-15:]) / 3
    if ((typical[1:] != typical[:-1]) & (volume[-15:][1:] > 0)).any():
        yield "mfi_14", talib.MFI(high, low, close, volume, 14)


def _moves(high: Column, low: Column, count: int) -> bool:
    """Whether the last `count` bars span any range, without which a place within it means nothing."""
    return bool(high[-count:].max() > low[-count:].min())


def check_names(supplied: Mapping[str, float]) -> None:
    """Accept values under known names only.

    Raises:
        UnknownNameError: a name that is no indicator's.
        InvalidInputError: a value that is not finite.
    """
    for name, value in supplied.items():
        if name not in _UNITS:
            raise UnknownNameError("indicator", name, _UNITS)
        if not isfinite(value):
            where = f"technical_indicators.{name}"
            raise InvalidInputError(f"{where} must be a finite number.", [FieldError(where, "must be a finite number")])
