"""Looks at the record again and again while the desk works, taking little of its time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from app.events.verification import Verification, verify
from app.messaging.repeating import repeat
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore

log = structlog.get_logger(__name__)

SHARE: Final = 0.05
BREATH_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Look:
    """What the last look found, and when it ended."""

    found: Verification
    at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether every chain held."""
        return not self.found.problems


class Auditor:
    """Verifies all chains at intervals.

    Args:
        share: of one processor's time that a look may take; a long record is looked at slowly.
    """

    def __init__(
        self,
        store: DecisionStore,
        clock: Clock,
        share: float = SHARE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rest_per_work = 1 / share - 1
        self._sleep = sleep
        self._since = 0.0
        self.last: Look | None = None

    async def run(self, every_s: float) -> None:
        """Look, then again `every_s` seconds after each look; runs until cancelled."""
        await repeat(self.look, every_s, "record not verified", self._sleep)

    async def look(self) -> Look:
        """Verify every chain now, resting in between.

        Raises:
            StoreError: the record could not be read; what the last look found stands.
        """
        self._since = self._clock.monotonic()
        found = await verify(self._store, self._rest)
        self.last = Look(found, self._clock.now())
        if found.problems:
            log.error("record is not whole", problems=len(found.problems), first=found.problems[0])
        return self.last

    async def _rest(self) -> None:
        worked_s = self._clock.monotonic() - self._since
        if worked_s >= BREATH_S:
            await self._sleep(worked_s * self._rest_per_work)
            self._since = self._clock.monotonic()
