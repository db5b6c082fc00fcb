"""Answers of agents, made up for the tests of expectations."""

from typing import Any

from app.testing.agent_tests.views import View


def a_view(decision: str = "BUY", confidence: float | None = 0.6, **changes: Any) -> View:
    """An opinion of the market analyst at a price of 100, in time."""
    fields: dict[str, Any] = {
        "agent_type": "market_analyst",
        "standing": "opinion",
        "decision": decision,
        "confidence": confidence,
        "said": "ADX 31.2, rsi_14 61.25.",
        "price": 100.0,
        "vote": {},
        "record": {"degraded_reasons": []},
        "figures": {"compute_indicators": {"values": {"adx_14": 31.24, "rsi_14": 61.25}}},
        "told": "",
        "duration_ms": 5.0,
        "deadline_ms": 5_000.0,
    }
    return View(**{**fields, **changes})


def failed(reason: str = "No opinion: it failed with ValueError.") -> View:
    """An agent that raised."""
    return a_view("ABSTAIN", None, standing="failed", said=reason)


def late() -> View:
    """An agent that did not answer in time."""
    return a_view("", None, standing="late", said="no answer within 5 s")
