"""The stylised facts of returns, each as one number of a series of daily bars.

Which facts there are, and that they hold across markets, is told by R. Cont, 2001, Empirical properties of asset
returns, Quantitative Finance 1, 223-236.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from app.domain.market import Bars, Column

NEAR, FAR = 10, 50
TAIL_SHARE = 0.05
MONTH, QUARTER = 20, 63


def log_returns(bars: Bars) -> Column:
    """Return the log return from close to close, float64[n - 1]."""
    logs = np.log(bars.close)
    returns: Column = logs[1:] - logs[:-1]
    return returns


def correlation(first: Column, second: Column) -> float:
    """Return the correlation of two columns; 0 where one of them does not vary."""
    off, other = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((off @ off) * (other @ other)))
    return float(off @ other) / scale if scale else 0.0


def excess_kurtosis(values: Column) -> float:
    """Return the fourth standardised moment less 3, which is that of a normal."""
    off = values - values.mean()
    return float((off**4).mean() / (off**2).mean() ** 2 - 3)


def tail_index(bars: Bars) -> float:
    """Return the exponent with which large moves thin out, by Hill's estimator over the largest 5 % of them.

    B. M. Hill, 1975, Annals of Statistics 3, 1163-1174.
    """
    sizes = np.sort(np.abs(log_returns(bars)))[::-1]
    count = int(len(sizes) * TAIL_SHARE)
    return 1 / float(np.log(sizes[:count] / sizes[count]).mean())


def kurtosis(bars: Bars) -> float:
    """Return the excess kurtosis of daily returns."""
    return excess_kurtosis(log_returns(bars))


def kurtosis_ratio(bars: Bars) -> float:
    """Return the excess kurtosis of returns over 20 bars as a share of that over one: sums are more normal."""
    returns = log_returns(bars)
    sums = returns[: len(returns) // MONTH * MONTH].reshape(-1, MONTH).sum(axis=1)
    return excess_kurtosis(sums) / excess_kurtosis(returns)


def return_memory(bars: Bars) -> float:
    """Return the first autocorrelation of returns: next to none."""
    returns = log_returns(bars)
    return correlation(returns[:-1], returns[1:])


def clustering(bars: Bars) -> float:
    """Return the mean autocorrelation of absolute returns over 1 to 10 bars."""
    return _memory_of_size(bars, range(1, NEAR + 1))


def slow_decay(bars: Bars) -> float:
    """Return the mean autocorrelation of absolute returns over 11 to 50 bars."""
    return _memory_of_size(bars, range(NEAR + 1, FAR + 1))


def _memory_of_size(bars: Bars, lags: range) -> float:
    sizes = np.abs(log_returns(bars))
    return float(np.mean([correlation(sizes[:-lag], sizes[lag:]) for lag in lags]))


def leverage(bars: Bars) -> float:
    """Return the mean correlation of a return with the absolute returns 1 to 10 bars later: below 0."""
    returns = log_returns(bars)
    sizes = np.abs(returns)
    return float(np.mean([correlation(returns[:-lag], sizes[lag:]) for lag in range(1, NEAR + 1)]))


def volume_and_volatility(bars: Bars) -> float:
    """Return the correlation of the log of volume, free of its trend, with the log of a bar's range."""
    return correlation(*volume_and_range(bars))


def volume_memory(bars: Bars) -> float:
    """Return the first autocorrelation of the log of volume, free of its trend."""
    volume, _ = volume_and_range(bars)
    return correlation(volume[:-1], volume[1:])


def volume_and_range(bars: Bars) -> tuple[Column, Column]:
    """Return the logs of volume and of range, each over its median of the 63 bars before, where both are known."""
    spans = np.log(bars.high / bars.low)
    known = (bars.volume > 0) & (spans > 0)
    return _over_usual(np.log(bars.volume[known])), _over_usual(np.log(spans[known]))


def _over_usual(logs: Column) -> Column:
    usual = np.median(sliding_window_view(logs, QUARTER), axis=1)
    over: Column = logs[QUARTER:] - usual[:-1]
    return over


def gap_share(bars: Bars) -> float:
    """Return the share of the variance from close to close that falls between close and open, outliers cut off."""
    gaps, returns = np.log(bars.open[1:] / bars.close[:-1]), log_returns(bars)
    most = 5 * float(np.median(np.abs(returns)))
    return float((np.clip(gaps, -most, most) ** 2).mean() / (np.clip(returns, -most, most) ** 2).mean())


def range_ratio(bars: Bars) -> float:
    """Return the mean log range of a bar over the mean absolute return."""
    return float(np.log(bars.high / bars.low).mean() / np.abs(log_returns(bars)).mean())


FACTS: Final[dict[str, Callable[[Bars], float]]] = {
    "kurtosis": kurtosis,
    "tail_index": tail_index,
    "kurtosis_ratio": kurtosis_ratio,
    "return_memory": return_memory,
    "clustering": clustering,
    "slow_decay": slow_decay,
    "leverage": leverage,
    "volume_and_volatility": volume_and_volatility,
    "volume_memory": volume_memory,
    "gap_share": gap_share,
    "range_ratio": range_ratio,
}


def measured(bars: Bars) -> dict[str, float]:
    """Return every fact of a series of some hundred bars or more, by name."""
    return {name: fact(bars) for name, fact in FACTS.items()}
