"""Request bodies to try: each is answered with success as it stands."""

from collections.abc import Mapping
from datetime import date, timedelta
from math import sin
from typing import Any

EXAMPLE_BARS = 160
_FIRST_DAY = date(2024, 1, 2)


def example_market_data(count: int = EXAMPLE_BARS) -> dict[str, Any]:
    """Return daily bars by column: a slow rise with swings, the same each time."""
    close = [round(180 + 0.15 * day + 4 * sin(day / 9) + 1.5 * sin(day / 2.3), 2) for day in range(count)]
    opening = [*close[:1], *close[:-1]]
    return {
        "interval": "1d",
        "timestamp": [(_FIRST_DAY + timedelta(days=day)).isoformat() for day in range(count)],
        "open": opening,
        "high": [round(max(pair) + 0.8, 2) for pair in zip(opening, close, strict=True)],
        "low": [round(min(pair) - 0.8, 2) for pair in zip(opening, close, strict=True)],
        "close": close,
        "volume": [1_000_000 + 20_000 * (day % 7) for day in range(count)],
    }


ANALYSES: Mapping[str, Any] = {
    "half_a_year": {
        "summary": "160 daily bars by column, and what the account holds",
        "value": {
            "symbol": "AAPL",
            "market_data": example_market_data(),
            "account_info": {
                "equity": "100000.00",
                "cash": "60000.00",
                "positions": {"AAPL": {"quantity": "50", "average_price": "181.20"}},
            },
        },
    },
    "too_little_history": {
        "summary": "Three bars: NO_DECISION, and not_applicable says what each analyst needs",
        "value": {"symbol": "AAPL", "market_data": example_market_data(3)},
    },
}
CONSENSUS: Mapping[str, Any] = {
    "whole_panel": {
        "summary": "The whole panel on 160 daily bars",
        "value": {"symbol": "AAPL", "context": {"market_data": example_market_data()}},
    },
}
SIMULATIONS: Mapping[str, Any] = {
    "crash": {
        "summary": "A crash of two symbols that move together, a bar a second for ten seconds",
        "value": {
            "symbols": ["AAPL", "MSFT"],
            "regime": "crash",
            "duration_minutes": 10,
            "interval_seconds": 60,
            "speed": 60,
            "seed": 7,
        },
    },
}
TALLIES: Mapping[str, Any] = {
    "majority": {
        "summary": "Two buyers outvote a seller",
        "value": {
            "votes": [
                {"agent_id": "trend", "decision": "BUY", "confidence": 0.8},
                {"agent_id": "value", "decision": "BUY", "confidence": 0.6},
                {"agent_id": "macro", "decision": "SELL", "confidence": 0.9},
            ],
            "config": {"method": "majority"},
        },
    },
}
