"""The indicators once more, slowly and straight from their formulas, to hold the fast ones against."""

import itertools
from statistics import fmean, pstdev

from app.domain.market import Bars


def by_hand(bars: Bars) -> dict[str, float]:
    """Every indicator as of the last of at least 50 bars."""
    high, low, close, volume = (column.tolist() for column in (bars.high, bars.low, bars.close, bars.volume))
    typical = [sum(prices) / 3 for prices in zip(high, low, close, strict=True)]
    k = slow_k(high, low, close)
    return {
        "sma_20": fmean(close[-20:]),
        "sma_50": fmean(close[-50:]),
        "ema_12": ema(close, 12)[-1],
        "ema_26": ema(close, 26)[-1],
        **macd(close),
        "rsi_14": rsi(close, 14),
        "stoch_k": k[-1],
        "stoch_d": fmean(k[-3:]),
        **directional(high, low, close, 14),
        "atr_14": wilder(true_ranges(high, low, close), 14)[-1],
        "bb_upper": fmean(close[-20:]) + 2 * pstdev(close[-20:]),
        "bb_middle": fmean(close[-20:]),
        "bb_lower": fmean(close[-20:]) - 2 * pstdev(close[-20:]),
        "cci_20": cci(typical, 20),
        "williams_r_14": -100 * (max(high[-14:]) - close[-1]) / (max(high[-14:]) - min(low[-14:])),
        "obv": on_balance(close, volume),
        "mfi_14": money_flow(typical, volume, 14),
        "roc_10": 100 * (close[-1] / close[-11] - 1),
    }


def ema(values, period):
    """The first average is plain; each later one moves 2/(period+1) of the way to the new value."""
    smooth = [fmean(values[:period])]
    for value in values[period:]:
        smooth.append(smooth[-1] + 2 / (period + 1) * (value - smooth[-1]))
    return smooth


def macd(close):
    """Both averages start at the 26th close, the shorter from the plain average of the 12 before it."""
    fast, slow = ema(close[14:], 12), ema(close, 26)
    line = [one - other for one, other in zip(fast, slow, strict=True)]
    signal = ema(line, 9)[-1]
    return {"macd": line[-1], "macd_signal": signal, "macd_histogram": line[-1] - signal}


def wilder(values, period):
    """The first average is plain; each later one moves 1/period of the way to the new value."""
    smooth = [fmean(values[:period])]
    for value in values[period:]:
        smooth.append((smooth[-1] * (period - 1) + value) / period)
    return smooth


def rsi(close, period):
    changes = [after - before for before, after in itertools.pairwise(close)]
    gain = wilder([max(change, 0) for change in changes], period)[-1]
    loss = wilder([max(-change, 0) for change in changes], period)[-1]
    return 100 * gain / (gain + loss)


def true_ranges(high, low, close):
    bars = zip(high[1:], low[1:], close, strict=False)
    return [max(top, before) - min(bottom, before) for top, bottom, before in bars]


def directional(high, low, close, period):
    """Wilder's sums begin with period - 1 values, and each later one loses 1/period of the sum before."""
    ups = [after - before for before, after in itertools.pairwise(high)]
    downs = [before - after for before, after in itertools.pairwise(low)]
    plus = [up if up > down and up > 0 else 0.0 for up, down in zip(ups, downs, strict=True)]
    minus = [down if down > up and down > 0 else 0.0 for up, down in zip(ups, downs, strict=True)]
    sums = [running(values, period) for values in (plus, minus, true_ranges(high, low, close))]
    pairs = [(100 * up / span, 100 * down / span) for up, down, span in zip(*sums, strict=True)]
    index = [100 * abs(up - down) / (up + down) for up, down in pairs]
    return {"plus_di_14": pairs[-1][0], "minus_di_14": pairs[-1][1], "adx_14": wilder(index, period)[-1]}


def running(values, period):
    total, sums = sum(values[: period - 1]), []
    for value in values[period - 1 :]:
        total += value - total / period
        sums.append(total)
    return sums


def slow_k(high, low, close):
    fast = [
        100 * (close[end - 1] - min(low[end - 5 : end])) / (max(high[end - 5 : end]) - min(low[end - 5 : end]))
        for end in range(5, len(close) + 1)
    ]
    return [fmean(fast[end - 3 : end]) for end in range(3, len(fast) + 1)]


def cci(typical, period):
    mean = fmean(typical[-period:])
    return (typical[-1] - mean) / (0.015 * fmean(abs(value - mean) for value in typical[-period:]))


def on_balance(close, volume):
    signs = [(after > before) - (after < before) for before, after in itertools.pairwise(close)]
    return volume[0] + sum(sign * traded for sign, traded in zip(signs, volume[1:], strict=True))


def money_flow(typical, volume, period):
    flows = list(zip(typical[-period - 1 :], typical[-period:], volume[-period:], strict=False))
    rising = sum(after * traded for before, after, traded in flows if after > before)
    falling = sum(after * traded for before, after, traded in flows if after < before)
    return 100 * rising / (rising + falling)
