"""The record in a database: every promise of the DecisionStore port, one transaction at a time."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

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
from app.domain.times import to_micros
from app.domain.tool_activity import Activity, ToolTotal
from app.storage import model_rows, performance, schema, tool_queries, vote_queries
from app.storage.bar_archive import BarArchive, read_bars
from app.storage.cursors import check_limit, read_cursor, write_cursor
from app.storage.decision_rows import (
    CHAIN_PAGE,
    EVIDENCE,
    HEADS,
    RECORD_BY_ID,
    listing,
    record_of,
    unpacked,
    window_of,
)
from app.storage.event_queries import events_page
from app.storage.event_rows import LAST_SEQ, event_of
from app.storage.outbox_rows import Outgoing
from app.storage.repositories.books import SqlBooks
from app.storage.repositories.work import SqlWorkStore
from app.storage.session import Database
from app.storage.standing import ANSWER, answer_stands, calls_stand, decision_stands, events_stand
from app.storage.writing import DecisionWriter, write_answer, write_events

_CHAIN_PAGE_SIZE: Final = 100


class SqlDecisionStore:
    """Keeps decisions in a database.

    Args:
        database: opened and closed by this store.
        outgoing: which events other processes are told of by letter; None is none.
    """

    def __init__(self, database: Database, outgoing: Outgoing | None = None) -> None:
        self.database = database
        self.work = SqlWorkStore(database, outgoing)
        self.books = SqlBooks(database)
        self._writer = DecisionWriter(BarArchive(), outgoing)

    async def open(self) -> None:
        """Connect, and create the tables of a new store.

        Raises:
            StoreOutdatedError: another version wrote it.
        """
        await self.database.open()
        try:
            await self.database.write(schema.prepare)
        except BaseException:
            await self.database.close()
            raise

    async def close(self) -> None:
        """Let go of files and connections; closing twice is fine."""
        await self.database.close()

    async def append(self, draft: DecisionDraft) -> Committed:
        """Store everything of `draft` in one durable transaction; its `seal` may be called in another thread.

        Raises:
            StillRunningError: the Idempotency-Key of the draft was taken meanwhile; nothing was stored.
            ConflictError: a decision of that id is stored already, or the job of the draft is not pending any more.
        """
        written = await self.database.write(
            lambda connection: self._writer.write(connection, draft),
            self._writer.committed,
            decision_stands,
            locks=draft.job or "",
        )
        return written.committed

    async def append_events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Store events that belong to no finished decision; return them numbered."""
        if not events:
            return ()
        return await self.database.write(lambda connection: write_events(connection, events), stands=events_stand)

    async def get(self, decision_id: str) -> SealedRecord | None:
        """Return the record, or None."""
        row = await self.database.find(lambda each: each.execute(RECORD_BY_ID, {"decision_id": decision_id}).first())
        return None if row is None else record_of(row)

    async def list(
        self, symbol: str | None = None, since: datetime | None = None, limit: int = 50, cursor: str | None = None
    ) -> DecisionPage:
        """Return records newest first, 1 to 200 of them.

        Raises:
            InvalidInputError: the limit is out of range or the cursor is not one of ours.
        """
        check_limit(limit)
        after = None if cursor is None else read_cursor(cursor)
        page = listing(symbol, None if since is None else to_micros(since), after, limit + 1)
        rows = await self.database.read(lambda connection: connection.execute(page).all())
        more = write_cursor((rows[limit - 1].created_at, rows[limit - 1].id)) if len(rows) > limit else None
        return DecisionPage(tuple(map(record_of, rows[:limit])), more)

    async def evidence(self, decision_id: str) -> Evidence | None:
        """Return what the decision was made from, or None.

        Raises:
            RecordCorruptError: the stored bars are not those that were written.
        """
        return await self.database.find(lambda connection: _evidence(connection, decision_id))

    async def heads(self) -> tuple[ChainHead, ...]:
        """Return the last link of each chain, by symbol."""
        rows = await self.database.read(lambda connection: connection.execute(HEADS).all())
        return tuple(ChainHead(*row) for row in rows)

    async def chain(self, symbol: str) -> AsyncIterator[SealedRecord]:
        """Yield a symbol's records from the first to the last."""
        after = 0
        while page := await self.database.read(partial(_chain_page, symbol=symbol, after=after)):
            for record in page:
                yield record
            after = page[-1].sequence

    async def last_seq(self) -> int:
        """Return the number of the newest stored event; 0 when there is none."""
        return await self.database.find(lambda connection: connection.execute(LAST_SEQ).scalar_one())

    async def events_after(self, seq: int, limit: int, wanted: EventFilter) -> tuple[Event, ...]:
        """Return at most `limit` wanted events with a higher number, in order."""
        page = events_page(seq, limit, wanted)
        rows = await self.database.read(lambda connection: connection.execute(page).all())
        return tuple(map(event_of, rows))

    async def answer(self, key: str) -> KeyedAnswer | None:
        """Return what is kept under an Idempotency-Key, or None."""
        row = await self.database.find(lambda connection: connection.execute(ANSWER, {"key": key}).first())
        return None if row is None else KeyedAnswer(*row)

    async def keep_answer(self, answer: KeyedAnswer) -> None:
        """Keep an answer that belongs to no stored decision yet.

        Raises:
            StillRunningError: the key was taken meanwhile.
        """
        await self.database.write(
            lambda connection: write_answer(connection, answer),
            stands=lambda connection, _: answer_stands(connection, answer),
        )

    async def append_model_calls(
        self, decision_id: str, calls: Sequence[ModelCall], exchanges: Sequence[Exchange]
    ) -> None:
        """Store what models were asked for a decision that came to nothing."""
        if not calls:
            return
        now = max(to_micros(call.started_at) for call in calls)
        await self.database.write(
            lambda connection: model_rows.write_model_calls(connection, decision_id, calls, exchanges, now),
            stands=lambda connection, _: calls_stand(connection, decision_id, calls),
        )

    async def exchange(self, request_key: str) -> Exchange | None:
        """Return the newest exchange of a request, or None."""
        return await self.database.find(lambda connection: model_rows.newest_exchange(connection, request_key))

    async def spent_since(self, since: datetime) -> Spend:
        """Return what models have cost since an instant; a price that was not known adds nothing."""
        return await self.database.read(lambda connection: model_rows.spent_since(connection, since))

    async def past_votes(self, symbol: str, before: datetime, most: int) -> tuple[PastVote, ...]:
        """Return the votes of the decisions on a symbol, `most` of them, as of the latest instants before one."""
        return await self.database.find(lambda each: vote_queries.past_votes(each, symbol, before, most))

    async def lineage_votes(self, limit: int) -> tuple[tuple[str, str, str], ...]:
        """Return the newest votes of models: lineage, decision id and decision word, newest first."""
        return await self.database.read(lambda connection: vote_queries.lineage_votes(connection, limit))

    async def counts(self) -> dict[str, int]:
        """Return `decisions`, `votes` and `tool_executions` stored."""
        return (await self._figures(performance.COUNTS))[0]

    async def tool_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per tool its name, calls, success rate and mean time; a shared result counts as a success."""
        return await self._figures(performance.TOOLS)

    async def tool_activity(self, calls: int) -> AsyncIterator[tuple[Activity, ...]]:
        """Yield the newest tool calls with the votes and the decisions reached among and after them, oldest first."""
        after = await self.database.read(lambda connection: tool_queries.before_newest_calls(connection, calls))
        while page := await self.database.read(partial(tool_queries.activity_page, after=after)):
            yield page
            after = page[-1].seq

    async def tool_totals(self, after: int) -> tuple[int, tuple[ToolTotal, ...]]:
        """Return the number of the newest event, and all calls stored after event `after` by tool, role and status."""
        return await self.database.read(lambda connection: tool_queries.tool_totals(connection, after))

    async def agent_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per agent its votes (abstentions among them), means, and how often it named the final side.

        Abstentions and votes on a decision without a side (or none yet) do not count towards `agreement_rate`.
        """
        return await self._figures(performance.AGENTS)

    async def _figures(self, statement: Any) -> tuple[dict[str, Any], ...]:
        return await self.database.read(lambda connection: performance.rows(connection, statement))


def _chain_page(connection: Connection, symbol: str, after: int) -> tuple[SealedRecord, ...]:
    at = {"symbol": symbol, "sequence": after, "limit": _CHAIN_PAGE_SIZE}
    return tuple(map(record_of, connection.execute(CHAIN_PAGE, at)))


def _evidence(connection: Connection, decision_id: str) -> Evidence | None:
    row = connection.execute(EVIDENCE, {"decision_id": decision_id}).first()
    if row is None:
        return None
    exchanges = model_rows.exchanges_of(connection, decision_id)
    return Evidence(unpacked(row.evidence), read_bars(connection, *window_of(row)), exchanges)
