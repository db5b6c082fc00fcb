"""Builders: drafts with a plain hash chain, bars, events."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from app.domain.decisions import ChainHead, DecisionDraft, KeyedAnswer, SealedRecord
from app.domain.events import Event, EventType
from app.domain.market import Bars, Interval

NOW = datetime(2026, 3, 2, 15, 30, 0, 123456, tzinfo=UTC)
DAY = Interval.parse("1d")


def some_bars(start: int = 0, count: int = 5, scale: float = 1.0, interval: Interval = DAY) -> Bars:
    """Bars `start` to `start + count` of one endless series; another scale is another history."""
    index = np.arange(start, start + count)
    close = scale * (100.0 + np.sin(index))
    volume = np.where(index % 7 == 3, np.nan, 1_000.0 + index)
    return Bars(index * interval.micros, close - 0.25, close + 1, close - 1, close, volume, interval)


def a_vote(agent: str = "risk_advisor", word: str = "BUY", decision_id: str = "d1", symbol: str = "AAPL") -> Event:
    data = {
        "agent_id": f"{agent}_{symbol}",
        "agent_type": agent,
        "symbol": symbol,
        "decision": word,
        "confidence": None if word == "ABSTAIN" else 0.75,
        "latency_ms": 1.5,
        "tools": ["assess_risk"],
    }
    return Event(EventType.AGENT_DECISION, data, NOW, symbol, agent, f"{agent}_{symbol}", decision_id)


def a_call(
    tool: str = "assess_risk",
    status: str = "success",
    took_ms: float = 2.0,
    symbol: str = "AAPL",
    *,
    kind: str | None = None,
    seat: str = "risk_advisor",
) -> Event:
    result = {"risk": 0.125, "of": [1, 2]}
    data = {
        "tool_name": tool,
        "status": status,
        "execution_time_ms": took_ms,
        "result": result,
        "error_kind": kind,
    }
    return Event(EventType.TOOL_EXECUTION, data, NOW, symbol, "risk_advisor", f"{seat}_{symbol}", "d1", tool)


def a_step(name: str = "consensus_result", symbol: str = "AAPL") -> Event:
    return Event(EventType.AGENT_COORDINATION, {"message_type": name}, NOW, symbol, name=name)


def a_seal(
    decision_id: str, symbol: str, created_at: datetime, final: str = "BUY"
) -> Callable[[ChainHead], SealedRecord]:
    def seal(head: ChainHead) -> SealedRecord:
        record = {"decision_id": decision_id, "final_recommendation": final, "sequence": head.sequence + 1}
        body = json.dumps(record, indent=1).encode()
        return SealedRecord(
            decision_id, symbol, head.sequence + 1, head.hash, link_hash(head.hash, body), created_at, final, body
        )

    return seal


def a_draft(
    decision_id: str = "d1",
    symbol: str = "AAPL",
    *,
    at: int = 0,
    final: str = "BUY",
    bars: Bars | None = None,
    events: Sequence[Event] | None = None,
    keyed: KeyedAnswer | None = None,
) -> DecisionDraft:
    """A draft created `at` seconds after NOW."""
    seal = a_seal(decision_id, symbol, NOW + timedelta(seconds=at), final)
    happened = (a_step("consensus_requested", symbol), a_vote(symbol=symbol)) if events is None else tuple(events)
    evidence = b'{"evidence": "of ' + decision_id.encode() + b'"}'
    window = some_bars() if bars is None else bars
    return DecisionDraft(symbol, seal, evidence, window, happened, keyed)


def an_answer(key: str = "k1", decision_id: str | None = "d1", body: bytes | None = None) -> KeyedAnswer:
    return KeyedAnswer(key, "f" * 64, 200, decision_id, body)


def link_hash(previous: str, body: bytes) -> str:
    return hashlib.sha256(previous.encode() + body).hexdigest()


def assert_chain(records: Sequence[SealedRecord]) -> None:
    """The records are one gapless chain from genesis, every link fitting its body."""
    head = ChainHead("any")
    for record in records:
        assert (record.sequence, record.previous_hash) == (head.sequence + 1, head.hash)
        assert record.hash == link_hash(record.previous_hash, record.body)
        head = ChainHead("any", record.sequence, record.hash)
