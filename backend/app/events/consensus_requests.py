"""Requests for a consensus that run in the background: await one, list them, cancel one."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from app.domain.decisions import SealedRecord
from app.domain.errors import AgentSystemError, ConflictError, NotFoundError, OverloadedError

log = structlog.get_logger(__name__)

MAX_PENDING = 1_000
MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class ConsensusStatus:
    """Where a request stands: `pending`, `complete`, `cancelled` or `failed`.

    Args:
        record: the decision, once complete.
        reason: why it failed.
    """

    consensus_id: str
    status: str
    record: SealedRecord | None = None
    reason: str | None = None


class ConsensusRequests:
    """Runs requests as named tasks and remembers how the latest of them ended."""

    def __init__(self) -> None:
        self._pending: dict[str, asyncio.Task[SealedRecord]] = {}
        self._ended: OrderedDict[str, ConsensusStatus] = OrderedDict()

    def start(self, consensus_id: str, work: Coroutine[Any, Any, SealedRecord]) -> None:
        """Begin a request.

        Raises:
            OverloadedError: too many are pending; try again later.
        """
        if len(self._pending) >= MAX_PENDING:
            work.close()
            raise OverloadedError(f"{MAX_PENDING} consensus requests are pending; wait for some to end.")
        task = asyncio.create_task(work, name=f"consensus {consensus_id}")
        self._pending[consensus_id] = task
        task.add_done_callback(lambda ended: self._settle(consensus_id, ended))

    def status(self, consensus_id: str) -> ConsensusStatus:
        """Return where the request stands.

        Raises:
            NotFoundError: no such request is remembered.
        """
        if consensus_id in self._pending:
            return ConsensusStatus(consensus_id, "pending")
        if consensus_id not in self._ended:
            raise NotFoundError("There is no consensus request with this id.")
        return self._ended[consensus_id]

    def pending(self) -> tuple[str, ...]:
        """Return the ids that have not ended, oldest first."""
        return tuple(self._pending)

    async def wait(self, consensus_id: str, timeout_s: float | None) -> ConsensusStatus:
        """Return once the request has ended or `timeout_s` has passed, whichever is first."""
        task = self._pending.get(consensus_id)
        if task is not None:
            await asyncio.wait([task], timeout=timeout_s)
        return self.status(consensus_id)

    async def cancel(self, consensus_id: str) -> ConsensusStatus:
        """Stop a request; whatever its analysts were doing is cancelled.

        Raises:
            NotFoundError: no such request is remembered.
            ConflictError: it has already ended otherwise.
        """
        task = self._pending.get(consensus_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        ended = self.status(consensus_id)
        if ended.status != "cancelled":
            raise ConflictError(f"The consensus request is already {ended.status}; it cannot be cancelled.")
        return ended

    async def close(self) -> None:
        """Cancel everything that is pending and wait for it."""
        tasks = tuple(self._pending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _settle(self, consensus_id: str, task: asyncio.Task[SealedRecord]) -> None:
        del self._pending[consensus_id]
        self._ended[consensus_id] = _ending(consensus_id, task)
        if len(self._ended) > MAX_REMEMBERED:
            self._ended.popitem(last=False)


def _ending(consensus_id: str, task: asyncio.Task[SealedRecord]) -> ConsensusStatus:
    if task.cancelled():
        return ConsensusStatus(consensus_id, "cancelled")
    error = task.exception()
    if error is None:
        return ConsensusStatus(consensus_id, "complete", task.result())
    log.error("consensus request failed", consensus_id=consensus_id, error=type(error).__name__)
    reason = error.public if isinstance(error, AgentSystemError) else "It failed unexpectedly; see the server's log."
    return ConsensusStatus(consensus_id, "failed", reason=reason)
