"""Broker and database stay away for long while many ask; how soon after their return is everything done that waited?"""

import asyncio
import time
from typing import Final

from tests.chaos.run import Run
from tests.chaos.shared_ground import SharedGround

AWAY_S: Final = {"rabbitmq": 60.0, "postgres": 30.0}
AT: Final = {"rabbitmq": 0.2, "postgres": 0.6}
MOST_S: Final = 15.0
"""How long what waited may take once everything is back."""


class OutageRun(Run):
    """A run in which each server is away once, for as long as `AWAY_S` says.

    Attributes:
        drained_s: by server, seconds from its return until nothing was left of what had waited.
    """

    def __init__(self, *args: object, share: float = 1.0, **others: object) -> None:
        super().__init__(*args, **others)
        self._share = share
        self.drained_s: dict[str, float] = {}

    async def _strike(self) -> None:
        for server, away_s in AWAY_S.items():
            after = int(AT[server] * self._plan.decisions)
            async with self._progress:
                await self._progress.wait_for(lambda after=after: self._ended >= after)
            self.drained_s[server] = await self._away(server, away_s * self._share)
            self.done[f"{server} away"] += 1

    async def _away(self, server: str, away_s: float) -> float:
        ground: SharedGround = self._ground
        ground.servers.kill(server)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(ground.servers.start)
        back, began = time.time(), time.monotonic()
        while await ground.older_than(back):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return time.monotonic() - began
