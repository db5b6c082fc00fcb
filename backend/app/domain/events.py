"""What happened on the desk, as subscribers see it: a vote, a tool call, a step of a consensus."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

import orjson


class EventType(StrEnum):
    """The message types of the feed."""

    AGENT_DECISION = "agent_decision"
    TOOL_EXECUTION = "tool_execution"
    AGENT_THINKING = "agent_thinking"
    AGENT_COORDINATION = "agent_coordination"
    MARKET_UPDATE = "market_update"
    ALERT = "alert"


BUS_PREFIX = {
    EventType.AGENT_DECISION: "agent.vote",
    EventType.TOOL_EXECUTION: "agent.tool",
    EventType.AGENT_THINKING: "agent.thinking",
    EventType.AGENT_COORDINATION: "decision",
    EventType.MARKET_UPDATE: "market.bar",
    EventType.ALERT: "alert",
}


class Event(NamedTuple):
    """One thing that happened; a tuple, because a decision makes a score of them.

    Args:
        data: JSON-like; what subscribers read.
        symbol, agent_type, agent_id: whom it concerns; empty when nobody in particular.
        decision_id: the decision it belongs to, or empty.
        name: the tool of a tool call, the message type of a coordination, else empty.
        seq: its place among all stored events; 0 before it is stored.
    """

    type: EventType
    data: Mapping[str, Any]
    timestamp: datetime
    symbol: str = ""
    agent_type: str = ""
    agent_id: str = ""
    decision_id: str = ""
    name: str = ""
    seq: int = 0

    @property
    def topic(self) -> str:
        """The routing key on the bus, such as `agent.vote.AAPL.risk_advisor` or `decision.consensus_result.AAPL`."""
        symbol = _word(self.symbol)
        words = (self.name, symbol) if self.type is EventType.AGENT_COORDINATION else (symbol, self.agent_type)
        return ".".join([BUS_PREFIX[self.type], *filter(None, words)])

    @property
    def message_id(self) -> str:
        """A UUIDv7 made of the event itself: however often and wherever it is sent, receivers know it again."""
        told = f"{self.seq}|{self.type}|{self.timestamp}|{self.symbol}|{self.agent_id}|{self.decision_id}|{self.name}"
        unstored = b"" if self.seq else orjson.dumps(self.data, default=str)
        return _id_made_of(self.timestamp, told.encode() + unstored)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The feed topics that this event answers to."""
        topics = ["*", str(self.type)]
        if self.symbol:
            topics.append(f"symbol:{self.symbol}")
        if self.agent_type:
            topics += [f"agent:{self.agent_type}", f"agent:{self.agent_id}"]
        return tuple(topics)


def _id_made_of(moment: datetime, told: bytes) -> str:
    """Return a UUIDv7 with the time of `moment` and, where chance would be, a hash of `told`."""
    milliseconds = int(moment.timestamp() * 1_000)
    hashed = int.from_bytes(blake2b(told, digest_size=10).digest())
    bits = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | hashed
    return str(UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def vote_cast(vote: Mapping[str, Any], at: datetime, decision_id: str) -> Event:
    """An analyst voted; `vote` is the vote as the record has it."""
    data = {**vote, "decision_id": decision_id}
    return Event(EventType.AGENT_DECISION, data, at, vote["symbol"], vote["agent_type"], vote["agent_id"], decision_id)


def tool_called(call: Mapping[str, Any], at: datetime, agent_type: str, symbol: str, decision_id: str) -> Event:
    """An analyst used a tool; `call` is the call as the evidence has it."""
    data = {**call, "symbol": symbol, "decision_id": decision_id}
    return Event(
        EventType.TOOL_EXECUTION,
        data,
        at,
        symbol,
        agent_type,
        call["agent_id"],
        decision_id,
        call["tool_name"],
    )


def agent_thinking(
    agent_id: str, agent_type: str, symbol: str, decision_id: str, *, text: str, timestamp: datetime
) -> Event:
    """A model said something on its way to a vote; it is shown and not stored."""
    data = {
        "agent_id": agent_id,
        "agent_type": agent_type,
        "symbol": symbol,
        "text": text,
        "decision_id": decision_id,
        "timestamp": timestamp.isoformat(),
    }
    return Event(EventType.AGENT_THINKING, data, timestamp, symbol, agent_type, agent_id, decision_id)


def market_update(bar: Mapping[str, Any], symbol: str, timestamp: datetime) -> Event:
    """A bar is over; `bar` has its beginning as `timestamp`, its end, prices, volume and interval."""
    return Event(EventType.MARKET_UPDATE, {"symbol": symbol, **bar}, timestamp, symbol)


def market_topic(symbol: str) -> str:
    """Return the topic under which the bars of a symbol are on the bus."""
    return f"{BUS_PREFIX[EventType.MARKET_UPDATE]}.{_word(symbol)}"


def thinking_topic(symbol: str, agent_type: str) -> str:
    """Return the topic under which the thoughts of a role on a symbol are on the bus."""
    return f"{BUS_PREFIX[EventType.AGENT_THINKING]}.{_word(symbol)}.{agent_type}"


def _word(symbol: str) -> str:
    """Return a symbol as one word of a topic."""
    return symbol.replace(".", "-")


def coordination(
    message_type: str, symbol: str, decision_id: str, payload: Mapping[str, Any], timestamp: datetime
) -> Event:
    """The coordinator took a step: `consensus_requested`, `consensus_result`, `consensus_cancelled`, …"""
    data = {"sender_agent_id": "multi_agent_coordinator", "message_type": message_type, "payload": dict(payload)}
    return Event(EventType.AGENT_COORDINATION, data, timestamp, symbol, decision_id=decision_id, name=message_type)
