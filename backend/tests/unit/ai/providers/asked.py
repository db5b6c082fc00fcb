"""Requests, inquiries and a clock for tests of providers."""

from app.domain.completions import ModelRequest, Said, ToolSpec
from app.observability.system_clock import SystemClock
from app.ports.provider import Inquiry
from tests.builders import START

VOTE = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["BUY", "HOLD", "SELL"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1, "description": "how sure"},
    },
    "required": ["decision", "confidence"],
}
BARS = ToolSpec(
    "get_bars",
    "Returns the last bars.",
    {
        "type": "object",
        "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}},
        "required": ["count"],
    },
)


class StillClock:
    """Stands at one instant until it is set to another."""

    def __init__(self, monotonic=100.0, now=START):
        self.seconds = monotonic
        self.instant = now

    def now(self):
        return self.instant

    def monotonic(self):
        return self.seconds


def asked(*turns, **others):
    fields = {"provider": "anthropic", "model": "claude-haiku-4-5", "system": "You judge shares."}
    return ModelRequest(**{**fields, "turns": turns or (Said("AAPL: rsi_14 is 28."),), **others})


def inquiry(seconds=10.0, heard=None, clock=None):
    deadline = (clock or SystemClock()).monotonic() + seconds
    return Inquiry("AAPL", "market_analyst_AAPL", "decision-1", deadline, heard)
