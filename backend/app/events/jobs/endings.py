"""Tells whoever waits that a job has ended, here or in another process."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.domain.events import Event

ENDS = frozenset({"consensus_result", "consensus_cancelled", "consensus_failed"})


class Endings:
    """Passes on the ends of jobs; being told of one twice does no harm."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the id of every job that ends."""
        self._listeners.append(listener)

    def tell(self, job_id: str) -> None:
        """Take note that a job has ended."""
        for event in self._waiting.pop(job_id, ()):
            event.set()
        for listener in self._listeners:
            listener(job_id)

    def on_event(self, event: Event) -> None:
        """Take note of an ending that was told over the bus."""
        if event.name in ENDS:
            self.tell(event.decision_id)

    @contextmanager
    def awaited(self, job_id: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set when the job ends from now on."""
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        try:
            yield event
        finally:
            waiting = self._waiting.get(job_id)
            if waiting is not None:
                waiting.discard(event)
                if not waiting:
                    del self._waiting[job_id]
