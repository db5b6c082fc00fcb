"""The real daily bars and headlines that come with Conclave, for a first look without any data of one's own."""

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from app.domain.errors import UnknownNameError
from app.domain.market import Bars
from app.market_data.sources.csv_bars import read_bars

SAMPLE_SYMBOLS: Final = ("AAPL", "GOOG", "IBM", "MSFT")


def sample_bars(symbol: str) -> Bars:
    """Return the bundled daily bars of a symbol.

    Raises:
        UnknownNameError: none are bundled for it.
    """
    if symbol not in SAMPLE_SYMBOLS:
        raise UnknownNameError("sample", symbol, SAMPLE_SYMBOLS)
    with _samples().joinpath(f"{symbol}_daily.csv").open(encoding="utf-8-sig") as file:
        return read_bars(file, "1d")


def sample_news(symbol: str) -> list[dict[str, Any]]:
    """Return the bundled headlines of a symbol in the form of a request's `news`; empty when there are none."""
    source = _samples().joinpath(f"{symbol}_news.json")
    return json.loads(source.read_text(encoding="utf-8")) if source.is_file() else []


def _samples() -> Traversable:
    return files("app.market_data.samples")
