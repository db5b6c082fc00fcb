"""A decision on its way into the record, and as it stands there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.events import Event
from app.domain.market import Bars
from app.domain.model_calls import Exchange, ModelCall

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last link of a symbol's chain; a new chain has sequence 0 and 64 zeros."""

    symbol: str
    sequence: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A decision record with its place in the chain.

    Args:
        final_recommendation: the decision word that the record names; None where it names none.
        body: the record as JSON, byte for byte what a client receives.
    """

    decision_id: str
    symbol: str
    sequence: int
    previous_hash: str
    hash: str
    created_at: datetime
    final_recommendation: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class KeyedAnswer:
    """The answer to keep under an Idempotency-Key.

    Args:
        fingerprint: hash of route and canonical body of the request.
        body: None stands for the record of `decision_id`.
    """

    key: str
    fingerprint: str
    status: int
    decision_id: str | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DecisionDraft:
    """Everything that one transaction stores.

    Args:
        seal: called with the chain's head inside the transaction; returns the finished record.
        evidence: what recomputation needs beside the bars, as JSON bytes.
        bars: those the panel saw; stored once however many decisions share them.
        events: in order; the store numbers them.
        keyed: the caller's Idempotency-Key, if it sent one.
        as_of: the instant the panel looked at; a decision without one is nobody's past.
        model_calls, exchanges: what models were asked and answered.
        job: the accepted job that this decision completes, if any.
    """

    symbol: str
    seal: Callable[[ChainHead], SealedRecord]
    evidence: bytes
    bars: Bars
    events: tuple[Event, ...]
    keyed: KeyedAnswer | None = None
    as_of: datetime | None = None
    model_calls: tuple[ModelCall, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """What the store made of a draft: the sealed record and its numbered events."""

    record: SealedRecord
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a decision was made from, as stored.

    Args:
        document: the evidence bytes given with the draft.
        bars: the very columns the panel saw.
        exchanges: what models were asked and answered; those that were not kept are missing.
    """

    document: bytes
    bars: Bars
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """A page of the list, newest first; `next_cursor` is None on the last."""

    items: tuple[SealedRecord, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which stored events a replay of the feed asks for: any of these topics, or all when it holds `*`."""

    topics: frozenset[str]

    def admits(self, event: Event) -> bool:
        """Whether the event answers to one of the topics."""
        return not self.topics.isdisjoint(event.subscriptions)
