"""The record: decisions with their evidence, written once, never changed."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from app.domain.decisions import (
    ChainHead,
    Committed,
    DecisionDraft,
    DecisionPage,
    EventFilter,
    Evidence,
    KeyedAnswer,
    SealedRecord,
)
from app.domain.events import Event
from app.domain.market import PastVote
from app.domain.model_calls import Exchange, ModelCall
from app.domain.spending import Spend
from app.domain.tool_activity import Activity, ToolTotal
from app.ports.books import Books
from app.ports.work_store import WorkStore


class DecisionStore(Protocol):
    """Keeps decisions; every method may raise StoreUnavailableError, after which nothing was stored.

    The one exception says so itself: a server that broke off during a commit and has not come back.
    """

    @property
    def work(self) -> WorkStore:
        """Accepted work, kept in the same place."""

    @property
    def books(self) -> Books:
        """What models cost, kept in the same place."""

    async def open(self) -> None:
        """Make ready; a new store is created.

        Raises:
            StoreOutdatedError: another version wrote it.
        """

    async def close(self) -> None:
        """Let go of files and connections; closing twice is fine."""

    async def append(self, draft: DecisionDraft) -> Committed:
        """Store record, events, evidence, bars and keyed answer in one durable transaction, then return.

        Raises:
            StillRunningError: the Idempotency-Key of the draft was taken meanwhile; nothing was stored.
            ConflictError: a decision of that id is stored already, or the job of the draft is not pending any more.
        """

    async def append_events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Store events that belong to no finished decision; return them numbered."""

    async def get(self, decision_id: str) -> SealedRecord | None:
        """Return the record, or None."""

    async def list(
        self, symbol: str | None = None, since: datetime | None = None, limit: int = 50, cursor: str | None = None
    ) -> DecisionPage:
        """Return records newest first.

        Args:
            since: only those created at or after.
            cursor: as given by the page before.

        Raises:
            InvalidInputError: the cursor is not one of ours.
        """

    async def evidence(self, decision_id: str) -> Evidence | None:
        """Return what the decision was made from, or None.

        Raises:
            RecordCorruptError: the stored bars are not those that were written.
        """

    async def heads(self) -> tuple[ChainHead, ...]:
        """Return the last link of each chain, by symbol."""

    def chain(self, symbol: str) -> AsyncIterator[SealedRecord]:
        """Yield a symbol's records from the first to the last."""

    async def last_seq(self) -> int:
        """Return the number of the newest stored event; 0 when there is none."""

    async def events_after(self, seq: int, limit: int, wanted: EventFilter) -> tuple[Event, ...]:
        """Return at most `limit` wanted events with a higher number, in order."""

    async def answer(self, key: str) -> KeyedAnswer | None:
        """Return what is kept under an Idempotency-Key, or None."""

    async def keep_answer(self, answer: KeyedAnswer) -> None:
        """Keep an answer that belongs to no stored decision yet.

        Raises:
            StillRunningError: the key was taken meanwhile.
        """

    async def append_model_calls(
        self, decision_id: str, calls: Sequence[ModelCall], exchanges: Sequence[Exchange]
    ) -> None:
        """Store what models were asked for a decision that came to nothing."""

    async def exchange(self, request_key: str) -> Exchange | None:
        """Return the newest exchange of a request, or None."""

    async def spent_since(self, since: datetime) -> Spend:
        """Return what models have cost since an instant; a price that was not known adds nothing."""

    async def past_votes(self, symbol: str, before: datetime, most: int) -> tuple[PastVote, ...]:
        """Return the votes of the decisions on a symbol, `most` of them, as of the latest instants before one."""

    async def lineage_votes(self, limit: int) -> tuple[tuple[str, str, str], ...]:
        """Return the newest votes of models: lineage, decision id and decision word, newest first."""

    async def counts(self) -> dict[str, int]:
        """Return `decisions`, `votes` and `tool_executions` stored."""

    async def tool_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per tool `tool_name`, `calls`, `success_rate` (fraction) and `average_execution_time_ms`."""

    def tool_activity(self, calls: int) -> AsyncIterator[tuple[Activity, ...]]:
        """Yield the newest tool calls, at most `calls`, with the votes and the decisions reached among and after them,
        oldest first, in pages that are never empty."""

    async def tool_totals(self, after: int) -> tuple[int, tuple[ToolTotal, ...]]:
        """Return the number of the newest event, and all calls stored after event `after`."""

    async def agent_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per agent `agent_id`, `agent_type`, `votes`, `abstentions`, `average_confidence`, `average_latency_ms`
        and `agreement_rate` (the share of its votes that named the final decision's side)."""
