"""The newest thing to do, for one who does and one who gives: what waits when something newer comes is passed over."""

import asyncio


class Mailbox:
    """Holds the number of the newest task; numbers rise from 0. One task takes and is done, one waits for that."""

    def __init__(self) -> None:
        self._newest = self._taken = self._done = -1
        self._arrived = asyncio.Event()
        self._progress = asyncio.Event()

    def put(self, number: int) -> None:
        """Give a task; it takes the place of one that has not been taken."""
        self._newest = number
        self._arrived.set()

    async def take(self) -> int:
        """Return the newest task once there is one that has not been taken."""
        while self._newest == self._taken:
            self._arrived.clear()
            await self._arrived.wait()
        self._taken = self._newest
        self._progress.set()
        return self._taken

    def done(self, number: int) -> None:
        """Say that a task, and with it every older one, is settled."""
        self._done = number
        self._progress.set()

    async def taken_up(self, number: int) -> None:
        """Return once a task, or a newer one, has been taken."""
        while self._taken < number:
            self._progress.clear()
            await self._progress.wait()

    async def settled(self, number: int) -> None:
        """Return once a task is settled."""
        while self._done < number:
            self._progress.clear()
            await self._progress.wait()
