"""A subscriber inside one process: a bounded queue, nobody waits for anybody."""

import asyncio
from collections import deque
from typing import Generic, Self, TypeVar

M = TypeVar("M")


class MemorySubscription(Generic[M]):
    """The unread messages of one subscriber; when full the oldest is dropped and counted."""

    def __init__(self, pattern: str, capacity: int) -> None:
        self.pattern = pattern
        self.dropped = 0
        self.interruptions = 0
        self._unread: deque[M] = deque(maxlen=capacity)
        self._capacity = capacity
        self._arrived = asyncio.Event()
        self._is_awaited = False

    def offer(self, message: M) -> bool:
        """Add a message; return False when that cost an older one."""
        has_room = len(self._unread) < self._capacity
        if not has_room:
            self.dropped += 1
        self._unread.append(message)
        if self._is_awaited:
            self._is_awaited = False
            self._arrived.set()
        return has_room

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> M:
        while not self._unread:
            self._arrived.clear()
            self._is_awaited = True
            await self._arrived.wait()
        return self._unread.popleft()
