"""Make the bundled bars: adjust the stocks of the package `bokeh_sampledata` for splits and dividends.

    pip install bokeh_sampledata==2026.1
    python scripts/make_sample_bars.py PATH/TO/bokeh_sampledata/_data/stocks.csv.gz

Prices are multiplied by adjusted close / close, else splits read as crashes. Volume is multiplied by the split part of
that factor: where the factor changes by more than a fifth from one day to the next, a split took place; what is less
is a dividend.
"""

import csv
import gzip
import sys
from itertools import groupby
from pathlib import Path

SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
SPLITS = (1.5, 2.0, 3.0, 4.0, 7.0)
TARGET = Path(__file__).resolve().parent.parent / "backend" / "app" / "market_data" / "samples"


def main(source: Path) -> None:
    """Write one CSV per symbol."""
    with gzip.open(source, "rt", newline="") as file:
        for symbol, rows in groupby(csv.DictReader(file), key=lambda row: row["Ticker"]):
            if symbol in SYMBOLS:
                _write(TARGET / f"{symbol}_daily.csv", list(rows))


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    factors = [float(row["Adj Close"]) / float(row["Close"]) for row in rows]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["date", "open", "high", "low", "close", "volume"])
        for row, factor, shares in zip(rows, factors, _share_factors(factors), strict=True):
            prices = [f"{float(row[name]) * factor:.6f}" for name in ("Open", "High", "Low", "Close")]
            writer.writerow([row["Date"], *prices, round(int(row["Volume"]) * shares)])


def _share_factors(factors: list[float]) -> list[float]:
    """How many of the shares of the last day one share of each day has become."""
    shares = [1.0] * len(factors)
    for day in range(len(factors) - 2, -1, -1):
        shares[day] = shares[day + 1] * _split(factors[day + 1] / factors[day])
    return shares


def _split(change: float) -> float:
    return min(SPLITS, key=lambda ratio: abs(ratio - change)) if change > 1.2 else 1.0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
