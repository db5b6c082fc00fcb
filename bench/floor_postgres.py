"""The floor of a recorded decision on PostgreSQL: a bare program with asyncpg alone.

It calls the same functions that make a decision, one analyst after the other and without a deadline, and commits the
same record, evidence and events: no pool, no lock, no shared bars, one connection. Decisions that wait for a commit
share the next one, as ours do.
"""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import asyncpg

from app.ai.tool_belt import SharedTools
from app.consensus.engine import decide
from app.domain.decisions import GENESIS, ChainHead, SealedRecord
from app.domain.events import Event
from app.domain.questions import Question
from app.domain.votes import Vote, engine_vote
from app.events import announcements
from app.events import evidence as evidence_file
from app.events.intake import Case, open_case
from app.events.record import Asked, Timing, compose, seal
from app.events.rules_seating import installed_analysts
from app.observability.system_clock import SystemClock
from app.ports.panel import PanelResult, Sitting
from app.storage.event_rows import row_of

TABLES = """
CREATE TABLE floor_decisions (id text PRIMARY KEY, symbol text NOT NULL, sequence bigint NOT NULL, hash text NOT NULL,
    created_at bigint NOT NULL, body bytea NOT NULL, evidence bytea NOT NULL, UNIQUE (symbol, sequence));
CREATE TABLE floor_events (seq bigint PRIMARY KEY, type text NOT NULL, name text NOT NULL, symbol text NOT NULL,
    agent_type text NOT NULL, agent_id text NOT NULL, decision_id text NOT NULL, timestamp bigint NOT NULL, word text,
    confidence float, status text, duration_ms float, data bytea NOT NULL, lineage text);
"""
HEAD = "SELECT sequence, hash FROM floor_decisions WHERE symbol = $1 ORDER BY sequence DESC LIMIT 1"
NEWEST = "SELECT coalesce(max(seq), 0) FROM floor_events"
DECISION = "INSERT INTO floor_decisions VALUES ($1, $2, $3, $4, $5, $6, $7)"
EVENT = "INSERT INTO floor_events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """A decision that is not recorded yet."""

    record: dict[str, Any]
    evidence: bytes
    events: Sequence[Event]
    at: datetime
    stored: "asyncio.Future[SealedRecord]"


class BareDesk:
    """Decides by rule and records on one connection; `async with await BareDesk.at(url) as desk`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._clock = SystemClock()
        self._analysts = installed_analysts()
        self._waiting: list[_Made] = []
        self._is_writing = False

    @classmethod
    async def at(cls, url: str) -> Self:
        """Connect and make the tables anew."""
        connection = await asyncpg.connect(url)
        await connection.execute("DROP TABLE IF EXISTS floor_decisions, floor_events;" + TABLES)
        return cls(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._connection.close()

    async def decide(self, question: Question) -> SealedRecord:
        """Return the decision once it is committed."""
        made = await self._made(open_case(question, self._analysts))
        self._waiting.append(made)
        if not self._is_writing:
            await self._write_all()
        return await made.stored

    async def _made(self, case: Case) -> _Made:
        panel = await self._panel(case)
        votes, calls = [vote.as_dict() for vote in panel.votes], [call.as_dict() for call in panel.tool_calls]
        asked = Asked({}, {}, (), Sitting(case.question.decision_id))
        result = decide([engine_vote(vote) for vote in votes], case.config)
        evidence = evidence_file.write(case, panel, votes, calls, asked)
        at = datetime.now(UTC)
        record = compose(case, panel, votes, result, evidence=evidence, at=Timing(at, 1.0), asked=asked)
        told = (
            announcements.requested(case, at),
            *announcements.of_panel(case, panel, votes, calls),
            announcements.reached(record, at),
        )
        return _Made(record, evidence, told, at, asyncio.get_running_loop().create_future())

    async def _panel(self, case: Case) -> PanelResult:
        tools, votes, calls = SharedTools(case.context, self._clock), [], []
        for name, analyst in case.seats.items():
            belt = tools.belt_of(analyst, name)
            opinion = await analyst.analyse(case.context, belt)
            used = tuple(call.tool_name for call in belt.calls)
            votes.append(Vote(name, analyst.role, case.context.symbol, opinion, self._clock.now(), 1.0, used))
            calls += belt.calls
        return PanelResult(tuple(votes), tuple(calls), ())

    async def _write_all(self) -> None:
        self._is_writing = True
        while self._waiting:
            group, self._waiting = self._waiting, []
            async with self._connection.transaction():
                records = [await self._write(made) for made in group]
            for made, record in zip(group, records, strict=True):
                made.stored.set_result(record)
        self._is_writing = False

    async def _write(self, made: _Made) -> SealedRecord:
        head = await self._connection.fetchrow(HEAD, made.record["symbol"])
        newest = await self._connection.fetchval(NEWEST)
        sequence, link = head or (0, GENESIS)
        record = seal(made.record, made.at, ChainHead(made.record["symbol"], sequence, link))
        row = (record.decision_id, record.symbol, record.sequence, record.hash, int(made.at.timestamp() * 1e6))
        await self._connection.execute(DECISION, *row, record.body, zlib.compress(made.evidence, 1))
        numbered = (row_of(each._replace(seq=newest + place)) for place, each in enumerate(made.events, 1))
        await self._connection.executemany(EVENT, list(numbered))
        return record
