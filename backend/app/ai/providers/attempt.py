"""One attempt at an answer: as long as it may take, and every failure told in our words."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.ai.providers.vendor_errors import provider_error
from app.ai.providers.whole import whole
from app.domain.completions import Completion
from app.domain.errors import ProviderError
from app.ports.clock import Clock
from app.ports.provider import Inquiry


@dataclass(frozen=True, slots=True)
class Attempts:
    """How a vendor is asked.

    Args:
        vendor: its name for people, such as `Anthropic`.
        timeout_s: the longest that one attempt may take.
    """

    vendor: str
    timeout_s: float
    clock: Clock

    async def one(self, ask: Callable[[], Awaitable[Completion]], inquiry: Inquiry) -> Completion:
        """Return what `ask` brings in time, if it is whole; being cancelled passes through.

        Raises:
            ProviderError: there is no such answer. It holds no trace of the client's own exception, whose request
                has the key in it.
        """
        left = min(self.timeout_s, inquiry.deadline - self.clock.monotonic())
        if left <= 0:
            raise ProviderError("timeout", f"{self.vendor} was not asked: there is no time left.")
        try:
            async with asyncio.timeout(left):
                return whole(self.vendor, await ask())
        except Exception as failure:  # noqa: BLE001
            error = provider_error(self.vendor, failure, self.clock.now())
        error.__context__ = None
        raise error.with_traceback(None)
