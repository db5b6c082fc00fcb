"""What both feeds publish, and how fast."""

from urllib.parse import parse_qs

INTERVAL_S = 0.02
EVENT_DATA = {"symbol": "AAPL", "close": 123.45, "note": "x" * 340}


def count_of(query: bytes) -> int:
    """Return the number of events a publish request asks for."""
    return int(parse_qs(query.decode())["count"][0])
