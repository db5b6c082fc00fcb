"""The record in memory: the promises of the store without a file, gone with the process."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

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
from app.domain.errors import ConflictError, StillRunningError
from app.domain.events import Event, EventType
from app.domain.market import PastVote
from app.domain.model_calls import Exchange, ModelCall
from app.domain.spending import Spend
from app.domain.times import to_micros
from app.domain.tool_activity import Activity, ToolTotal
from app.storage import tallies
from app.storage.cursors import Place, check_limit, read_cursor, write_cursor
from app.storage.figures import figures, numbered
from app.storage.refusals import ID_TAKEN, JOB_ENDED, KEY_TAKEN
from app.storage.repositories.books_in_memory import InMemoryBooks
from app.storage.repositories.work_in_memory import InMemoryWorkStore


class InMemoryDecisionStore:
    """Keeps decisions in lists, for trying out and for tests."""

    def __init__(self) -> None:
        self._chains: defaultdict[str, list[SealedRecord]] = defaultdict(list)
        self._records: dict[str, SealedRecord] = {}
        self._evidence: dict[str, Evidence] = {}
        self._events: list[Event] = []
        self._answers: dict[str, KeyedAnswer] = {}
        self._as_of: dict[str, datetime] = {}
        self._exchanges: dict[str, Exchange] = {}
        self._model_calls: list[ModelCall] = []
        self.work = InMemoryWorkStore(self)
        self.books = InMemoryBooks(self)

    async def open(self) -> None:
        """Nothing to make ready."""

    async def close(self) -> None:
        """Nothing to let go of; what was kept can still be read."""

    async def append(self, draft: DecisionDraft) -> Committed:
        """Store everything of `draft`, or nothing.

        Raises:
            StillRunningError: the Idempotency-Key of the draft was taken meanwhile.
            ConflictError: a decision of that id is stored already, or the job of the draft is not pending any more.
        """
        record = draft.seal(self._head(draft.symbol))
        if record.decision_id in self._records:
            raise ConflictError(ID_TAKEN)
        if draft.job is not None and await self.work.job(draft.job) is None:
            raise ConflictError(JOB_ENDED)
        if draft.keyed is not None:
            await self.keep_answer(draft.keyed)
        self.work.complete(draft.job or "")
        self._chains[draft.symbol].append(record)
        self._records[record.decision_id] = record
        self._evidence[record.decision_id] = Evidence(draft.evidence, draft.bars, draft.exchanges)
        if draft.as_of is not None:
            self._as_of[record.decision_id] = draft.as_of
        await self.append_model_calls(record.decision_id, draft.model_calls, draft.exchanges)
        return Committed(record, await self.append_events(draft.events))

    async def append_events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Store events that belong to no finished decision; return them numbered."""
        stored = numbered(events, len(self._events))
        self._events.extend(stored)
        return stored

    async def get(self, decision_id: str) -> SealedRecord | None:
        """Return the record, or None."""
        return self._records.get(decision_id)

    async def list(
        self, symbol: str | None = None, since: datetime | None = None, limit: int = 50, cursor: str | None = None
    ) -> DecisionPage:
        """Return records newest first, 1 to 200 of them.

        Raises:
            InvalidInputError: the limit is out of range or the cursor is not one of ours.
        """
        check_limit(limit)
        after = None if cursor is None else read_cursor(cursor)
        known = self._records.values() if symbol is None else self._chains.get(symbol, ())
        recent = (each for each in known if since is None or each.created_at >= since)
        wanted = sorted((each for each in recent if after is None or _place(each) < after), key=_place, reverse=True)
        more = write_cursor(_place(wanted[limit - 1])) if len(wanted) > limit else None
        return DecisionPage(tuple(wanted[:limit]), more)

    async def evidence(self, decision_id: str) -> Evidence | None:
        """Return what the decision was made from, or None."""
        return self._evidence.get(decision_id)

    async def heads(self) -> tuple[ChainHead, ...]:
        """Return the last link of each chain, by symbol."""
        return tuple(self._head(symbol) for symbol in sorted(self._chains))

    async def chain(self, symbol: str) -> AsyncIterator[SealedRecord]:
        """Yield a symbol's records from the first to the last."""
        for record in self._chains.get(symbol, ()):
            yield record

    async def last_seq(self) -> int:
        """Return the number of the newest stored event; 0 when there is none."""
        return len(self._events)

    async def events_after(self, seq: int, limit: int, wanted: EventFilter) -> tuple[Event, ...]:
        """Return at most `limit` wanted events with a higher number, in order."""
        admitted = filter(wanted.admits, self._events[max(seq, 0) :])
        return tuple(islice(admitted, max(limit, 0)))

    async def answer(self, key: str) -> KeyedAnswer | None:
        """Return what is kept under an Idempotency-Key, or None."""
        return self._answers.get(key)

    async def keep_answer(self, answer: KeyedAnswer) -> None:
        """Keep an answer that belongs to no stored decision yet.

        Raises:
            StillRunningError: the key was taken meanwhile.
        """
        if answer.key in self._answers:
            raise StillRunningError(KEY_TAKEN)
        self._answers[answer.key] = answer

    async def append_model_calls(
        self, decision_id: str, calls: Sequence[ModelCall], exchanges: Sequence[Exchange]
    ) -> None:
        """Store what models were asked for a decision that came to nothing."""
        self._exchanges |= {each.id: each for each in exchanges}
        self._model_calls += calls

    async def exchange(self, request_key: str) -> Exchange | None:
        """Return the newest exchange of a request, or None."""
        kept = (each for each in reversed(self._exchanges.values()) if each.request_key == request_key)
        return next(kept, None)

    async def spent_since(self, since: datetime) -> Spend:
        """Return what models have cost since an instant; a price that was not known adds nothing."""
        calls = [call for call in self._model_calls if call.started_at >= since]
        return Spend(
            sum(call.usage.total for call in calls if call.usage),
            sum((call.cost for call in calls if call.cost is not None), Decimal(0)),
            sum(call.duration_ms for call in calls) / 1_000,
        )

    async def past_votes(self, symbol: str, before: datetime, most: int) -> tuple[PastVote, ...]:
        """Return the votes of the decisions on a symbol, `most` of them, as of the latest instants before one."""
        earlier = [record for record in self._chains.get(symbol, ()) if self._was_before(record, before)]
        earlier.sort(key=lambda record: (self._as_of[record.decision_id], record.sequence), reverse=True)
        wanted = {record.decision_id for record in earlier[:most]}
        votes = (vote for vote in reversed(self._of(EventType.AGENT_DECISION)) if vote.decision_id in wanted)
        past = (_past_vote(vote, self._as_of[vote.decision_id]) for vote in votes)
        return tuple(sorted(past, key=lambda vote: vote.as_of, reverse=True))

    def _was_before(self, record: SealedRecord, moment: datetime) -> bool:
        as_of = self._as_of.get(record.decision_id)
        return as_of is not None and as_of < moment

    async def lineage_votes(self, limit: int) -> tuple[tuple[str, str, str], ...]:
        """Return the newest votes of models: lineage, decision id and decision word, newest first."""
        votes = reversed(self._of(EventType.AGENT_DECISION))
        said = (
            (str(each.data["lineage"]), each.decision_id, figures(each)[0] or "")
            for each in votes
            if each.data.get("model")
        )
        return tuple(islice(said, limit))

    async def counts(self) -> dict[str, int]:
        """Return `decisions`, `votes` and `tool_executions` stored."""
        return {
            "decisions": len(self._records),
            "votes": len(self._of(EventType.AGENT_DECISION)),
            "tool_executions": len(self._of(EventType.TOOL_EXECUTION)),
        }

    async def tool_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per tool its name, calls, success rate and mean time; a shared result counts as a success."""
        return tallies.tools(self._of(EventType.TOOL_EXECUTION))

    async def tool_activity(self, calls: int) -> AsyncIterator[tuple[Activity, ...]]:
        """Yield the newest tool calls with the votes and the decisions reached among and after them, oldest first."""
        if activity := tallies.activity(self._events, calls):
            yield activity

    async def tool_totals(self, after: int) -> tuple[int, tuple[ToolTotal, ...]]:
        """Return the number of the newest event, and all calls stored after event `after` by tool, role and status."""
        return len(self._events), tallies.totals(self._events[after:])

    async def agent_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per agent its votes (abstentions among them), means, and how often it named the final side."""
        finals = {key: record.final_recommendation for key, record in self._records.items()}
        return tallies.agents(self._of(EventType.AGENT_DECISION), finals)

    def _head(self, symbol: str) -> ChainHead:
        chain = self._chains.get(symbol)
        return ChainHead(symbol, chain[-1].sequence, chain[-1].hash) if chain else ChainHead(symbol)

    def _of(self, kind: EventType) -> tuple[Event, ...]:
        return tuple(event for event in self._events if event.type is kind)


def _past_vote(vote: Event, as_of: datetime) -> PastVote:
    word, confidence, *_ = figures(vote)
    return PastVote(vote.agent_id, vote.agent_type, as_of, word or "", confidence)


def _place(record: SealedRecord) -> Place:
    return to_micros(record.created_at), record.decision_id
