"""A client that is built when it is first needed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class OnFirstUse:
    """Holds one client: importing a vendor's library takes a second or two, which a thread spends."""

    def __init__(self, build: Callable[[], Any], close: Callable[[Any], Awaitable[None]]) -> None:
        self._build = build
        self._close = close
        self._building = asyncio.Lock()
        self._client: Any = None

    async def get(self) -> Any:
        """Return the client."""
        if self._client is None:
            async with self._building:
                if self._client is None:
                    self._client = await asyncio.to_thread(self._build)
        return self._client

    async def close(self) -> None:
        """Let go of its connections; closing twice is fine."""
        client, self._client = self._client, None
        if client is not None:
            await self._close(client)
