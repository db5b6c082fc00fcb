"""One request on its way to a provider, and what keeps it from getting there."""

from dataclasses import dataclass
from typing import Self

from app.domain.errors import ProviderError
from app.ports.clock import Clock
from app.ports.provider import Inquiry


class NotAskedError(ProviderError):
    """We did not send the request, so nobody charges for it and nothing is learnt of the provider."""


@dataclass(slots=True)
class Attempt(Inquiry):
    """An inquiry that also knows when the provider was asked.

    Args:
        asked_at: on the clock's monotonic scale; None while the request waits on our side.
    """

    asked_at: float | None = None

    @classmethod
    def of(cls, inquiry: Inquiry, clock: Clock) -> Self:
        """Return the attempt that `inquiry` already is, or a new one that counts as asked now unless it is held up."""
        if isinstance(inquiry, cls):
            return inquiry
        return cls(
            inquiry.symbol,
            inquiry.agent_id,
            inquiry.decision_id,
            inquiry.deadline,
            inquiry.heard,
            inquiry.failed_requests,
            inquiry.spared_requests,
            clock.monotonic(),
        )
