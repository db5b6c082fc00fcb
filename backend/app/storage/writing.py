"""What one transaction of the record writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.decisions import Committed, DecisionDraft, KeyedAnswer
from app.domain.errors import ConflictError, StillRunningError
from app.domain.events import Event
from app.domain.jobs import Job
from app.domain.letters import Letter
from app.domain.times import to_micros
from app.storage import decision_rows, job_rows
from app.storage.bar_archive import BarArchive, Placed
from app.storage.gathering import Gathering
from app.storage.model_rows import write_model_calls
from app.storage.outbox_rows import Outgoing, write_letters, write_told
from app.storage.prepared import insert_if_free
from app.storage.refusals import JOB_ENDED, KEY_TAKEN
from app.storage.tables import idempotency_keys
from app.storage.transactions import shared_in


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What a transaction wrote: for the caller, and for the memory of the bars once it has committed."""

    committed: Committed
    bars: Placed


class DecisionWriter:
    """Writes drafts, each in the transaction of its caller.

    Args:
        archive: places their bars.
        outgoing: which events other processes are told of by letter; None is none.
    """

    def __init__(self, archive: BarArchive, outgoing: Outgoing | None = None) -> None:
        self._archive = archive
        self._outgoing = outgoing

    def write(self, connection: Connection, draft: DecisionDraft) -> Written:
        """Seal `draft` on the head of its chain and write all of it by the end of the transaction.

        Raises:
            StillRunningError: its Idempotency-Key is taken.
            ConflictError: its job is not pending any more.
        """
        if draft.job is not None and not job_rows.complete(connection, draft.job):
            raise ConflictError(JOB_ENDED)
        gathering = shared_in(connection, Gathering)
        record = draft.seal(gathering.head(connection, draft.symbol))
        if draft.keyed is not None:
            write_answer(connection, draft.keyed)
        placed = self._archive.store(connection, draft.symbol, draft.bars, gathering.bars)
        now = to_micros(record.created_at)
        write_model_calls(connection, record.decision_id, draft.model_calls, draft.exchanges, now)
        gathering.add_decision(record, decision_rows.row_of(record, now, draft, placed.window))
        told = gathering.add_events(connection, draft.events)
        write_told(connection, told, self._outgoing)
        return Written(Committed(record, told), placed)

    def committed(self, written: Written) -> None:
        """Take note that the transaction stands."""
        self._archive.remember(written.bars)


def write_events(connection: Connection, drafts: Sequence[Event]) -> tuple[Event, ...]:
    """Write events with the next numbers and return them; the write lock keeps those free of gaps."""
    return shared_in(connection, Gathering).add_events(connection, drafts)


def write_accepted(connection: Connection, job: Job, letters: Sequence[Letter], answer: KeyedAnswer | None) -> bool:
    """Write a job, the answer to its key and what is to be sent for it; return False when it was accepted before.

    Raises:
        StillRunningError: the key of the job or of the answer is taken.
    """
    if job_rows.is_known(connection, job.id):
        return False
    job_rows.refuse_taken(connection, [key for key in (job.key, answer.key if answer else None) if key is not None])
    job_rows.write_job(connection, job)
    if answer is not None:
        write_answer(connection, answer)
    write_letters(connection, letters, job.accepted_at)
    return True


def write_answer(connection: Connection, answer: KeyedAnswer) -> None:
    """Keep an answer under its key.

    Raises:
        StillRunningError: the key is taken.
    """
    row = (answer.key, answer.fingerprint, answer.status, answer.decision_id, answer.body)
    if not insert_if_free(connection, idempotency_keys, row):
        raise StillRunningError(KEY_TAKEN)
