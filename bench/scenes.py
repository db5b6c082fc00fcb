"""What is measured: real bars that ship with Conclave, as questions and as request bodies."""

import orjson

from app.domain.market import Bars, NewsItem
from app.domain.questions import Question
from app.domain.times import from_micros
from app.market_data.sample_bars import sample_bars

HEADLINES = (
    "Apple beats estimates and raises guidance",
    "Analyst downgrades Apple on weak demand",
    "Apple unveils a new product line",
    "Lawsuit over patents widens",
    "Shares surge after record quarter",
)


def daily_bars(symbol: str = "AAPL", count: int = 250, end: int | None = None) -> Bars:
    """Return `count` real daily bars that end before position `end`."""
    bars = sample_bars(symbol)
    stop = len(bars) if end is None else end
    return bars.between(stop - count, stop)


def news(bars: Bars) -> tuple[NewsItem, ...]:
    """Return five headlines from the last days of the bars."""
    moments = [from_micros(int(stamp)) for stamp in bars.times[-len(HEADLINES) :]]
    return tuple(NewsItem(moment, "bench", title) for moment, title in zip(moments, HEADLINES, strict=True))


def question(symbol: str = "AAPL") -> Question:
    """Return a question that the whole panel can answer."""
    bars = daily_bars()
    return Question(symbol=symbol, bars=bars, news=news(bars))


def body(symbol: str = "AAPL") -> bytes:
    """Return the same question as the JSON a client posts."""
    bars = daily_bars()
    names = ("open", "high", "low", "close", "volume")
    columns = bars.columns()[1:]
    rows = [
        {
            "timestamp": from_micros(int(stamp)).isoformat(),
            **{name: float(column[place]) for name, column in zip(names, columns, strict=True)},
        }
        for place, stamp in enumerate(bars.times)
    ]
    items = [
        {"timestamp": item.timestamp.isoformat(), "source": item.source, "title": item.title} for item in news(bars)
    ]
    return orjson.dumps({"symbol": symbol, "market_data": {"bars": rows, "interval": "1d"}, "news": items})
