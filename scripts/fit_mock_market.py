"""Fit the parameters of the mock market to real series, and measure the ranges of the stylised facts over them.

    pip install arch==8.0.0
    PYTHONPATH=backend python scripts/fit_mock_market.py FOLDER

FOLDER holds the series of SERIES and INTRADAY below as CSV files with the columns date, open, high, low, close and
volume, and the quotes and trades of one session; `source` says where each was published. Only figures computed from
them are written, to `backend/app/testing/mock_market/fitted.json`; the series themselves are not part of Conclave.
"""

import csv
import sys
from itertools import combinations
from pathlib import Path
from statistics import fmean, harmonic_mean, median
from typing import Any

import numpy as np
import orjson

from app.analysis.markov import regime_chain
from app.analysis.regimes import LABELS, SHORT, deviations_of, label_bars
from app.domain.market import Bars, Column, Interval
from app.testing.mock_market.facts import correlation, gap_share, log_returns, measured, range_ratio, volume_and_range

TARGET = Path(__file__).resolve().parent.parent / "backend" / "app" / "testing" / "mock_market" / "fitted.json"
SERIES = {
    "SPY": "xgboosted/pandas-ta-classic: examples/data/SPY_D.csv",
    "IBM": "bokeh/bokeh_sampledata: src/bokeh_sampledata/_data/IBM.csv",
    "GOOG": "bokeh/bokeh_sampledata: src/bokeh_sampledata/_data/GOOG.csv",
    "MSFT": "DaveSkender/Stock.Indicators: tests/indicators/_testdata/quotes/msft.csv",
    "AAPL": "Always-03/Magnificent-7-Backtesting: data/AAPL.csv",
    "TSLA": "Always-03/Magnificent-7-Backtesting: data/TSLA.csv",
    "NVDA": "mementum/backtrader: datas/nvda-1999-2014.txt",
    "EEM": "QuantConnect/Lean: Data/equity/usa/daily/eem.zip, adjusted by factor_files/eem.csv",
}
INTRADAY = {
    "SPY_1m_2020-12": "DaveSkender/Stock.Indicators: tests/indicators/_testdata/quotes/intraday.csv",
    "6E_fut_1m_2024-01": "nautechsystems/nautilus_trader: tests/test_data/xcme/6EH4.XCME_1min_bars_20240101_20240131",
    "IBM_quotes_2013-10-07": "QuantConnect/Lean: Data/equity/usa/tick/ibm/20131007_quote.zip",
    "IBM_trades_2013-10-07": "QuantConnect/Lean: Data/equity/usa/tick/ibm/20131007_trade.zip",
}
HALF_HOUR_S = 1_800
SESSION_BUCKETS = 13
CENT = 0.01
INTEGRATED = 0.9999


def main(folder: Path) -> None:
    """Read everything, fit everything, write one document."""
    series = {name: bars_of(folder / f"{name}_daily.csv") for name in SERIES}
    daily = {name: {"source": SERIES[name], **described(bars)} for name, bars in series.items()}
    facts = {name: [each["facts"][name] for each in daily.values()] for name in daily["SPY"]["facts"]}
    document = {
        "series": daily,
        "intraday_sources": INTRADAY,
        "ranges": {name: [min(values), max(values)] for name, values in facts.items()},
        "correlations": correlations(series),
        "daily": chosen(daily),
        "phases": phases(series),
        "transitions": {"labels": list(LABELS), "counts": transitions(series)},
        "session": session(bars_of(folder / "SPY_1m_2020-12.csv")),
        "minute": minute(bars_of(folder / "6E_fut_1m_2024-01.csv")),
        "book": book(rows_of(folder / "IBM_quotes_2013-10-07.csv"), rows_of(folder / "IBM_trades_2013-10-07.csv")),
    }
    TARGET.write_bytes(orjson.dumps(rounded(document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def rows_of(path: Path) -> dict[str, list[str]]:
    """Return a CSV file by column."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def bars_of(path: Path) -> Bars:
    """Return the bars of a file; the interval is the most frequent one."""
    columns = rows_of(path)
    times = np.array([text.replace(" ", "T") for text in columns["date"]], "datetime64[us]").astype(np.int64)
    open_, high, low, close, volume = (
        np.array(columns[name], np.float64) for name in ("open", "high", "low", "close", "volume")
    )
    return Bars(times, open_, high, low, close, volume, Interval.infer(times))


def described(bars: Bars) -> dict[str, Any]:
    """Return span, fit and facts of a daily series."""
    first, last = (str(bars.times[place].astype("datetime64[us]"))[:10] for place in (0, -1))
    returns = log_returns(bars)
    return {
        "first": first,
        "last": last,
        "bars": len(bars),
        "deviation": float(returns.std()),
        "garch": garch_of(returns),
        "volume": volume_model(bars),
        "facts": measured(bars),
    }


def garch_of(returns: Column) -> dict[str, float]:
    """Fit GJR-GARCH(1, 1) with Student t shocks by maximum likelihood."""
    from arch import arch_model

    fit = arch_model(returns / returns.std(), p=1, o=1, q=1, dist="t").fit(disp="off").params
    return {"alpha": fit["alpha[1]"], "gamma": fit["gamma[1]"], "beta": fit["beta[1]"], "degrees": fit["nu"]}


def volume_model(bars: Bars) -> dict[str, float]:
    """Fit log volume to the log of range, both over their usual.

    What is left is taken for an autoregression whose memory makes that of volume whole: in truth part of it is that a
    wide range goes on to be traded on the day after.
    """
    volume, spans = volume_and_range(bars)
    slope = correlation(volume, spans) * float(volume.std() / spans.std())
    left = float((volume - slope * spans).var())
    remembered = float(volume.var()) * correlation(volume[:-1], volume[1:])
    explained = slope**2 * float(spans.var()) * correlation(spans[:-1], spans[1:])
    return {"slope": slope, "memory": (remembered - explained) / left, "noise": left**0.5}


def chosen(daily: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the parameters of the mock market: medians over the series, and the mean of the models of variance.

    A series whose variance has no mean, because its model is integrated, tells nothing about that. Of the degrees of
    freedom it is the harmonic mean, their inverse being how fat a tail is.
    """

    def middle(part: str) -> dict[str, float]:
        return {name: median(each[part][name] for each in daily.values()) for name in daily["SPY"][part]}

    facts = middle("facts")
    models = [each["garch"] for each in daily.values() if persistence(each["garch"]) < INTEGRATED]
    garch = {name: fmean(each[name] for each in models) for name in models[0]}
    garch["degrees"] = harmonic_mean(each["degrees"] for each in models)
    return {
        "deviation": median(each["deviation"] for each in daily.values()),
        "gap_share": facts["gap_share"],
        "range_ratio": facts["range_ratio"],
        "garch": garch,
        "volume": middle("volume"),
    }


def persistence(garch: dict[str, float]) -> float:
    """Return which share of a deviation of variance from its mean is left after a bar."""
    return garch["alpha"] + garch["gamma"] / 2 + garch["beta"]


def correlations(series: dict[str, Bars]) -> dict[str, float]:
    """Return the correlation of daily returns of each pair on the days that both have."""
    by_day = {name: dict(zip(bars.times[1:].tolist(), log_returns(bars), strict=True)) for name, bars in series.items()}
    found = {}
    for first, second in combinations(series, 2):
        days = sorted(by_day[first].keys() & by_day[second].keys())
        if len(days) > 250:
            pair = (np.array([by_day[name][day] for day in days]) for name in (first, second))
            found[f"{first} {second}"] = correlation(*pair)
    return {**found, "median": median(found.values())}


def phases(series: dict[str, Bars]) -> dict[str, dict[str, float]]:
    """Return what bars of each label have behind them: drift a bar and volatility of the last 20 bars, both in the
    deviations that were usual over the 100 bars before those."""
    seen: dict[str, list[tuple[float, float]]] = {label: [] for label in LABELS}
    for bars in series.values():
        labels = label_bars(bars.close)[SHORT:]
        moved, spread, usual = deviations_of(bars.close)
        moved, spread, usual = moved[SHORT:], spread[SHORT:], usual[:-SHORT]
        for place, label in enumerate(LABELS):
            of_label = labels == place
            drift, level = (moved / usual / SHORT)[of_label], (spread / usual)[of_label]
            seen[label].append((float(np.median(drift)), float(np.median(level))))
    return {
        label: {"drift": median(drift for drift, _ in found), "level": median(level for _, level in found)}
        for label, found in seen.items()
    }


def transitions(series: dict[str, Bars]) -> list[list[int]]:
    """Return how often each label was followed by each, over all series."""
    counts: list[list[int]] = sum(regime_chain(bars).counts for bars in series.values()).tolist()
    return counts


def session(bars: Bars) -> dict[str, list[float]]:
    """Return volatility and volume of each half hour of a session, over their mean."""
    returns = np.log(bars.close / bars.open)
    opening = int(bars.times[0]) % (86_400 * 1_000_000)
    bucket = (bars.times % (86_400 * 1_000_000) - opening) // (HALF_HOUR_S * 1_000_000)
    places = [bucket == place for place in range(SESSION_BUCKETS)]
    levels = np.array([np.sqrt((returns[at] ** 2).mean()) for at in places])
    traded = np.array([bars.volume[at].mean() for at in places])
    return {
        "volatility": (levels / np.sqrt((levels**2).mean())).tolist(),
        "volume": (traded / traded.mean()).tolist(),
    }


def minute(bars: Bars) -> dict[str, Any]:
    """Fit bars of a minute, free of the usual pattern of the day, where no break is between them."""
    returns = log_returns(bars)
    follows = np.diff(bars.times) == bars.interval.micros
    bucket = bars.times[1:] // (HALF_HOUR_S * 1_000_000) % 48
    usual = {place: returns[follows & (bucket == place)].std() for place in set(bucket[follows].tolist())}
    free = returns[follows] / np.array([usual[place] for place in bucket[follows].tolist()])
    volume = volume_model(bars)
    return {"garch": garch_of(free), "volume": volume, "gap_share": gap_share(bars), "range_ratio": range_ratio(bars)}


def book(quotes: dict[str, list[str]], trades: dict[str, list[str]]) -> dict[str, float]:
    """Return spread, sizes and rates of quotes and trades of one session."""
    bid, ask = (np.array(quotes[name], np.float64) for name in ("bid", "ask"))
    cents = (ask - bid) / CENT
    lots = np.log(np.array(trades["size"], np.float64))
    shown = np.log(np.maximum(np.array(quotes["bid_size"], np.float64), 1))
    minutes = 390
    return {
        "relative_spread": float(np.median((ask - bid) / ((ask + bid) / 2))),
        "spread_cents": float(np.median(cents)),
        "spread_noise": float(np.log(np.maximum(cents, 1)).std()),
        "quotes_a_minute": len(bid) / minutes,
        "trades_a_minute": len(lots) / minutes,
        "trade_size": float(np.exp(lots.mean())),
        "trade_size_noise": float(lots.std()),
        "quote_size": float(np.exp(shown.mean())),
        "quote_size_noise": float(shown.std()),
    }


def rounded(value: Any) -> Any:
    """Write numbers with six significant digits: more is not known."""
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return float(f"{value:.6g}") if isinstance(value, float | np.floating) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
