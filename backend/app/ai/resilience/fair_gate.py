"""How many requests a provider gets at once and in a minute, shared fairly between symbols."""

import asyncio
from typing import TYPE_CHECKING

from app.ai.resilience.attempts import Attempt, NotAskedError
from app.ai.resilience.turns import Turns
from app.ai.resilience.watching import Unwatched, Watch
from app.domain.completions import Completion, ModelRequest
from app.ports.clock import Clock
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter


class Gated(ProviderWrapper):
    """Lets requests through one by one as places become free.

    Args:
        concurrency: requests at once.
        requests_per_minute: also the most that may come in a burst; None is no limit.
        watch: told of each request that found no place in time.
    """

    def __init__(
        self,
        inner: Provider,
        concurrency: int,
        requests_per_minute: int | None,
        clock: Clock,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(inner)
        self._free = concurrency
        self._pace = _pace(requests_per_minute) if requests_per_minute else None
        self._clock = clock
        self._turns = Turns()
        self._watch: Watch = watch or Unwatched()

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._turns)

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`.

        Raises:
            ProviderError: also `rate_limited`, when there was no place before the deadline.
        """
        attempt = Attempt.of(inquiry, self._clock)
        await self._enter(attempt)
        try:
            return await self.inner.complete(request, attempt)
        finally:
            self._leave()

    async def _enter(self, attempt: Attempt) -> None:
        if self._free and self._pace is None:
            self._free -= 1
            return
        attempt.asked_at = None
        try:
            async with asyncio.timeout(attempt.deadline - self._clock.monotonic()):
                await self._find_place(attempt.symbol)
                await self._keep_pace()
        except TimeoutError:
            self._watch.held_back(self.name)
            raise NotAskedError("rate_limited", f"{self.name} had no free place before the deadline.") from None
        attempt.asked_at = self._clock.monotonic()

    async def _find_place(self, symbol: str) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        place = self._turns.join(symbol)
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._turns.leave(symbol, place)
            else:  # called in and cancelled in the same moment
                self._leave()
            raise

    async def _keep_pace(self) -> None:
        if self._pace is None:
            return
        try:
            await self._pace.acquire()
        except asyncio.CancelledError:
            self._leave()
            raise

    def _leave(self) -> None:
        if not self._turns.call():
            self._free += 1


def _pace(requests_per_minute: int) -> "AsyncLimiter":
    from aiolimiter import AsyncLimiter  # most never need it, and it takes a while

    return AsyncLimiter(requests_per_minute)
