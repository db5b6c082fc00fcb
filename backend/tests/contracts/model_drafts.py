"""Builders: what models were asked and answered, and the votes they cast."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.domain.completions import Usage
from app.domain.decisions import DecisionDraft
from app.domain.events import Event
from app.domain.model_calls import Exchange, ModelCall, exchange_of

from .decision_drafts import NOW, a_draft, a_vote


def an_exchange(request: str = "AAPL?", response: str = "BUY") -> Exchange:
    return exchange_of(f'{{"said":"{request}"}}'.encode(), f'{{"text":"{response}"}}'.encode())


def a_model_call(exchange: Exchange | None = None, at: float = 0, **others: Any) -> ModelCall:
    """A call begun `at` seconds after NOW."""
    asked = exchange or an_exchange()
    fields: dict[str, Any] = {
        "agent_id": "risk_advisor_AAPL",
        "provider": "anthropic",
        "model": "m-1",
        "prompt": "risk_advisor@1.0.0",
        "request_key": asked.request_key,
        "exchange_id": asked.id if exchange else None,
        "duration_ms": 1_500.0,
        "attempts": 1,
        "usage": Usage(100, 20, 50),
        "cost": Decimal("0.0021"),
    }
    return ModelCall(started_at=NOW + timedelta(seconds=at), **{**fields, **others})


def a_failed_call(at: float = 0, kind: str = "overloaded") -> ModelCall:
    return a_model_call(at=at, usage=None, cost=None, error_kind=kind, error="Busy.")


def a_model_vote(agent: str = "risk_advisor", word: str = "BUY", decision_id: str = "d1", **others: Any) -> Event:
    """A vote of a model; `lineage` and `model` may be given."""
    vote = a_vote(agent, word, decision_id, others.pop("symbol", "AAPL"))
    return vote._replace(data={**vote.data, "lineage": "anthropic:m-1", "model": "m-1", **others})


def a_model_draft(
    decision_id: str = "d1", *exchanges: Exchange, days: float | None = 0, **others: Any
) -> DecisionDraft:
    """A draft as of `days` after NOW, in which these exchanges took place; None has no instant."""
    calls = tuple(a_model_call(each, at) for at, each in enumerate(exchanges))
    as_of = None if days is None else NOW + timedelta(days=days)
    return replace(a_draft(decision_id, **others), as_of=as_of, model_calls=calls, exchanges=exchanges)
