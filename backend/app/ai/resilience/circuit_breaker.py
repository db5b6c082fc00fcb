"""A provider that keeps failing is left alone for a while, then tried with a single request."""

from datetime import datetime
from typing import Final, Literal

import structlog

from app.ai.resilience.attempts import Attempt, NotAskedError
from app.domain.completions import Completion, ModelRequest
from app.domain.errors import ProviderError
from app.ports.clock import Clock
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper

log = structlog.get_logger(__name__)

CircuitState = Literal["closed", "open", "half_open"]
# A wrong key does not heal by itself either. A refusal, a bad request or a missing model are about the request.
TELLING: Final = ProviderError.TRANSIENT | {"invalid_response", "authentication", "permission"}


class Breaking(ProviderWrapper):
    """Stops asking after failures in a row that tell of the provider; cancellations and our own refusals tell nothing.

    Args:
        failures_to_open: how many in a row.
        shortest_rest_s, longest_rest_s: how long it is left alone at first and at most; each failed probe doubles it.
        fair_wait_s: a timeout tells nothing when the caller had allowed less time than this, or else callers in a
            hurry could take the provider from all others.
    """

    def __init__(
        self,
        inner: Provider,
        clock: Clock,
        *,
        failures_to_open: int = 5,
        shortest_rest_s: float = 10.0,
        longest_rest_s: float = 300.0,
        fair_wait_s: float = 10.0,
    ) -> None:
        super().__init__(inner)
        self._clock = clock
        self._failures_to_open = failures_to_open
        self._shortest_rest_s, self._longest_rest_s, self._rest_s = shortest_rest_s, longest_rest_s, shortest_rest_s
        self._fair_wait_s = fair_wait_s
        self._failures = 0
        self._rests_until: float | None = None
        self._is_probed = False
        # Counts openings: what was asked before the last one comes too late to tell anything.
        self._era = 0
        self.opened_at: datetime | None = None

    @property
    def state(self) -> CircuitState:
        """Whether requests pass, none does, or a single one."""
        if self._rests_until is None:
            return "closed"
        return "open" if self._clock.monotonic() < self._rests_until else "half_open"

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`.

        Raises:
            ProviderError: also `circuit_open`, when the provider was not asked.
        """
        era, attempt = self._admit(), Attempt.of(inquiry, self._clock)
        try:
            completion = await self.inner.complete(request, attempt)
        except ProviderError as error:
            if era == self._era and self._tells(error, attempt):
                self._failed(error)
            raise
        finally:
            if era == self._era:
                self._is_probed = False
        if era == self._era:
            self._succeeded()
        return completion

    def _admit(self) -> int:
        if self._rests_until is not None:
            left_s = max(0.0, self._rests_until - self._clock.monotonic())
            if left_s or self._is_probed:
                raise NotAskedError("circuit_open", f"{self.name} is left alone after repeated failures.", left_s)
            self._is_probed = True
        return self._era

    def _tells(self, error: ProviderError, attempt: Attempt) -> bool:
        if isinstance(error, NotAskedError) or error.kind not in TELLING:
            return False
        was_fair = attempt.asked_at is None or attempt.deadline - attempt.asked_at >= self._fair_wait_s
        return was_fair or error.kind != "timeout"

    def _failed(self, error: ProviderError) -> None:
        self._failures += 1
        if self._rests_until is not None:
            self._open(min(2 * self._rest_s, self._longest_rest_s), error)
        elif self._failures >= self._failures_to_open:
            self.opened_at = self._clock.now()
            self._open(self._shortest_rest_s, error)

    def _open(self, rest_s: float, error: ProviderError) -> None:
        self._era += 1
        self._rest_s = rest_s
        self._rests_until = self._clock.monotonic() + rest_s
        self._is_probed = False
        log.warning("provider left alone", provider=self.name, kind=error.kind, seconds=rest_s)

    def _succeeded(self) -> None:
        if self._rests_until is not None:
            log.info("provider asked again as usual", provider=self.name)
        self._failures, self._rests_until, self.opened_at = 0, None, None
