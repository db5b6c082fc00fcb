"""The only place where a request is sent again."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import structlog

from app.ai.resilience.attempts import NotAskedError
from app.ai.resilience.retry_budget import RetryBudget
from app.ai.resilience.watching import Unwatched, Watch
from app.domain.completions import Completion, ModelRequest
from app.domain.errors import ProviderError
from app.ports.clock import Clock
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper

log = structlog.get_logger(__name__)

LAST_FAILURE: Final = 2
# Nothing is sent a third time, so the pause has nothing to grow with.
LONGEST_PAUSE_S: Final = 0.5
WORTH_ASKING_S: Final = 1.0


class Retrying(ProviderWrapper):
    """Asks once more when that may help, after a pause of random length.

    Args:
        budget: of the provider, shared by all that ask it.
        random: chooses the pause, 0 to LONGEST_PAUSE_S.
        retries: False never asks again.
        sleep: waits for seconds.
        watch: told of each request that is sent again.
    """

    def __init__(
        self,
        inner: Provider,
        budget: RetryBudget,
        clock: Clock,
        random: Random,
        *,
        retries: bool = True,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(inner)
        self._budget = budget
        self._clock = clock
        self._random = random
        self._retries = retries
        self._sleep = sleep
        self._watch: Watch = watch or Unwatched()

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; every request that brought none adds to `inquiry.failed_requests`.

        Raises:
            ProviderError: of the last request that was sent; `retries_spent` when two had failed before this call.
        """
        if inquiry.failed_requests >= LAST_FAILURE:
            raise NotAskedError("retries_spent", f"{self.name} is not asked again after {LAST_FAILURE} failures.")
        self._budget.earn()
        try:
            return await self._ask(request, inquiry)
        except ProviderError as error:
            pause_s = self._pause_s(error, inquiry)
            if pause_s is None:
                raise
            failure = error
        log.info("provider asked again", provider=self.name, kind=failure.kind, pause_s=round(pause_s, 3))
        await self._sleep(pause_s)
        self._watch.retried(self.name, failure.kind)
        return await self._ask_again(request, inquiry, failure)

    async def _ask(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        try:
            return await self.inner.complete(request, inquiry)
        except NotAskedError:
            raise
        except ProviderError:
            inquiry.failed_requests += 1
            raise

    async def _ask_again(self, request: ModelRequest, inquiry: Inquiry, failure: ProviderError) -> Completion:
        """Ask; where we refuse that ourselves, it is still the first failure that counts."""
        try:
            return await self._ask(request, inquiry)
        except NotAskedError:
            raise failure from None

    def _pause_s(self, error: ProviderError, inquiry: Inquiry) -> float | None:
        """Return how long to wait before asking again; None when that is not allowed or would come too late."""
        may_help = self._retries and error.is_transient and not isinstance(error, NotAskedError)
        if not may_help or inquiry.failed_requests >= LAST_FAILURE:
            return None
        pause_s = (error.retry_after_s or 0.0) + self._random.uniform(0.0, LONGEST_PAUSE_S)
        if self._clock.monotonic() + pause_s + WORTH_ASKING_S > inquiry.deadline:
            return None
        return pause_s if self._budget.take() else None
