"""The floor of POST /analyze: a bare FastAPI app that does the same work and nothing else.

It validates the same body with pydantic, computes 15 TA-Lib indicators, commits 4 kB durably by the sqlite3 driver and
answers 4 kB.
"""

import os
import sqlite3
from typing import Any

import numpy as np
import talib
from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import BaseModel

app = FastAPI()
_connection = sqlite3.connect(os.environ["FLOOR_DB"], isolation_level=None, check_same_thread=False)
_connection.execute("PRAGMA journal_mode=WAL")
_connection.execute("PRAGMA synchronous=FULL")
_connection.execute("CREATE TABLE IF NOT EXISTS answers (body BLOB)")
_ANSWER = b'{"answer":"' + b"x" * 4_083 + b'"}'


class Bar(BaseModel):
    """One bar."""

    timestamp: str
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None


class MarketData(BaseModel):
    """Bars."""

    bars: list[Bar]
    interval: str | None = None


class News(BaseModel):
    """One headline."""

    timestamp: str
    source: str
    title: str


class Body(BaseModel):
    """What a client posts."""

    symbol: str
    market_data: MarketData
    news: list[News] | None = None


@app.post("/api/v1/agents/analyze")
async def analyze(body: Body) -> Response:
    """Do the floor's work."""
    _indicators(body.market_data.bars)
    _connection.execute("INSERT INTO answers VALUES (?)", (_ANSWER,))
    return Response(_ANSWER, media_type="application/json")


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    """Say that the app listens."""
    return {"status": "ready"}


def _indicators(bars: list[Bar]) -> list[Any]:
    high, low, close, volume = (
        np.array([getattr(bar, name) for bar in bars], np.float64) for name in ("high", "low", "close", "volume")
    )
    return [
        talib.SMA(close, 20),
        talib.SMA(close, 50),
        talib.EMA(close, 12),
        talib.EMA(close, 26),
        talib.MACD(close),
        talib.RSI(close, 14),
        talib.STOCH(high, low, close),
        talib.ADX(high, low, close, 14),
        talib.ATR(high, low, close, 14),
        talib.BBANDS(close, 20),
        talib.CCI(high, low, close, 20),
        talib.WILLR(high, low, close, 14),
        talib.OBV(close, volume),
        talib.MFI(high, low, close, volume, 14),
        talib.ROC(close, 10),
    ]
