"""What arrived: one entry for each request, so that a test can count and read them."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

KEPT: Final = 1_000


@dataclass(slots=True)
class Received:
    """One request.

    Args:
        body: the JSON document that was sent; None when there was none.
        status: what was answered; None while it is under way and when no answer was sent.
        fault: the faults that struck it.
    """

    at: datetime
    provider: str
    path: str
    body: Any
    status: int | None = None
    fault: tuple[str, ...] = ()

    @property
    def model(self) -> str | None:
        """The model that was asked for."""
        return self.body.get("model") if isinstance(self.body, dict) else None

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for in so many words."""
        return isinstance(self.body, dict) and self.body.get("stream") is True

    def as_dict(self) -> dict[str, Any]:
        """Return the entry without the body."""
        return {
            "time": self.at.isoformat(),
            "provider": self.provider,
            "path": self.path,
            "model": self.model,
            "stream": self.stream,
            "status": self.status,
            "fault": list(self.fault),
        }


class Journal:
    """The last thousand requests, oldest first, and how many are under way."""

    def __init__(self) -> None:
        self.entries: deque[Received] = deque(maxlen=KEPT)
        self._changed = asyncio.Condition()
        self._under_way = 0

    async def begin(self, provider: str, path: str, body: Any) -> Received:
        """Note that a request arrived."""
        entry = Received(datetime.now(UTC), provider, path, body)
        self.entries.append(entry)
        self._under_way += 1
        await self._tell()
        return entry

    async def end(self) -> None:
        """Note that a request is done with, whatever became of it."""
        self._under_way -= 1
        await self._tell()

    async def received(self, count: int) -> None:
        """Wait until `count` requests have arrived."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.entries) >= count)

    async def settled(self) -> None:
        """Wait until no request is under way."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._under_way == 0)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
