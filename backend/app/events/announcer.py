"""Tells the bus of every stored event, once and in the order of their numbers, whichever process stored it."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from app.domain.decisions import EventFilter
from app.domain.errors import StoreError
from app.domain.events import Event
from app.events.agent_event_bus import AgentEventBus
from app.messaging.repeating import repeat
from app.ports.decision_store import DecisionStore

log = structlog.get_logger(__name__)

PAGE: Final = 500
EVERYTHING: Final = EventFilter(frozenset({"*"}))


class Announcer:
    """Publishes what this process stores at once, and what others store as soon as it is noticed.

    Events are numbered in the order in which they are committed. So a gap before events of ours holds those of others,
    which are committed already: they are read and published first.
    """

    def __init__(self, store: DecisionStore, bus: AgentEventBus) -> None:
        self._store = store
        self._bus = bus
        self._told: int | None = None
        self._telling = asyncio.Lock()

    async def begin(self) -> None:
        """Take what is stored by now as told; without this the first events of ours are the beginning.

        Raises:
            StoreError: the store cannot be read.
        """
        self._told = await self._store.last_seq()

    async def announce(self, events: Sequence[Event]) -> None:
        """Publish events that this process has stored, after everything that was stored before them.

        Where that cannot be read now, all of it waits for the next announcement or look.
        """
        if not events:
            return None
        async with self._telling:
            told = events[0].seq - 1 if self._told is None else self._told
            if events[0].seq <= told + 1:
                return await self._publish([event for event in events if event.seq > told])
            try:
                await self._read_on(told)
            except StoreError as error:
                log.warning("stored events not read", error=error.public)

    async def follow(self, every_s: float) -> None:
        """Look every `every_s` seconds for what other processes have stored and publish it; runs until cancelled."""
        await repeat(self.look, every_s, "stored events not read")

    async def look(self, newest: int | None = None) -> None:
        """Publish what others have stored by now.

        Args:
            newest: number of an event that is known to be stored; None finds out.

        Raises:
            StoreError: the store cannot be read.
        """
        if newest is None:
            newest = await self._store.last_seq()
        async with self._telling:
            if self._told is None:
                self._told = newest
            elif newest > self._told:
                await self._read_on(self._told)

    async def _read_on(self, told: int) -> None:
        while page := await self._store.events_after(told, PAGE, EVERYTHING):
            await self._publish(page)
            told = page[-1].seq

    async def _publish(self, events: Sequence[Event]) -> None:
        if events:
            await self._bus.publish(*events)
            self._told = events[-1].seq
