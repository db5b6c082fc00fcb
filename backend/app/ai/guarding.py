"""Everything that stands between an analyst and a provider, in the order in which it has to stand."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from app.ai.resilience.circuit_breaker import Breaking, CircuitState
from app.ai.resilience.fair_gate import Gated
from app.ai.resilience.hedging import Hedged, Spare
from app.ai.resilience.latencies import Latencies
from app.ai.resilience.retry_budget import RetryBudget
from app.ai.resilience.retrying import Retrying
from app.ai.resilience.watching import Watch
from app.ai.spending.budgeted import Budgeted
from app.ai.spending.ledger import Ledger
from app.domain.completions import Completion, ModelRequest
from app.domain.errors import InvalidInputError
from app.ports.clock import Clock
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper


@dataclass(frozen=True, slots=True)
class Guards:
    """How one provider is guarded.

    Args:
        attempts: requests for one call; 1 never asks again, 2 asks again once.
        attempt_timeout_s: the longest that the adapter lets one request take.
        concurrency, requests_per_minute: see `Gated`.
        failures_to_open, shortest_rest_s, longest_rest_s, fair_wait_s: see `Breaking`.
        calls_per_retry, retry_floor: see `RetryBudget`.
        hedge_model: another model of the same vendor, see `Hedged`; None never hedges.

    Raises:
        InvalidInputError: a setting is out of its range; the message names it.
    """

    attempts: int = 2
    attempt_timeout_s: float = 30.0
    concurrency: int = 32
    requests_per_minute: int | None = None
    failures_to_open: int = 5
    shortest_rest_s: float = 10.0
    longest_rest_s: float = 300.0
    fair_wait_s: float = 10.0
    calls_per_retry: int = 10
    retry_floor: int = 10
    hedge_model: str | None = None

    def __post_init__(self) -> None:
        _require("attempts", self.attempts in (1, 2), "1 or 2")
        for name in ("concurrency", "failures_to_open", "calls_per_retry"):
            _require(name, getattr(self, name) >= 1, "1 or more")
        _require("requests_per_minute", self.requests_per_minute is None or self.requests_per_minute >= 1, "1 or more")
        for name in ("attempt_timeout_s", "shortest_rest_s"):
            _require(name, getattr(self, name) > 0, "positive")
        _require("longest_rest_s", self.longest_rest_s >= self.shortest_rest_s, "at least shortest_rest_s")


class Guarded(ProviderWrapper):
    """A provider behind all its guards.

    Args:
        breaker: tells how the provider does.
    """

    def __init__(self, inner: Provider, breaker: Breaking) -> None:
        super().__init__(inner)
        self._breaker = breaker

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see the guards for what they raise."""
        return await self.inner.complete(request, inquiry)

    @property
    def state(self) -> CircuitState:
        """Whether the provider is asked: `closed` is as usual, `open` not at all, `half_open` tentatively."""
        return self._breaker.state

    @property
    def opened_at(self) -> datetime | None:
        """Since when it has been failing; None when it does not."""
        return self._breaker.opened_at


def guarded(
    adapter: Provider,
    ledger: Ledger | None,
    clock: Clock,
    guards: Guards | None = None,
    random: Random | None = None,
    *,
    watch: Watch | None = None,
) -> Guarded:
    """Return `adapter` behind its guards; from the outside in: hedge, retry, breaker, budget, gate.

    Args:
        ledger: shared by all providers; None limits nothing.
        random: for the pauses before retries.
        watch: told of retries and of what was held back.
    """
    settings = guards or Guards()
    gate = Gated(adapter, settings.concurrency, settings.requests_per_minute, clock, watch)
    breaker = Breaking(
        Budgeted(gate, ledger, clock, settings.attempt_timeout_s) if ledger else gate,
        clock,
        failures_to_open=settings.failures_to_open,
        shortest_rest_s=settings.shortest_rest_s,
        longest_rest_s=settings.longest_rest_s,
        fair_wait_s=settings.fair_wait_s,
    )
    budget = RetryBudget(settings.calls_per_retry, settings.retry_floor)
    chance = random or Random()  # noqa: S311 - pauses are no secret
    retrying = Retrying(breaker, budget, clock, chance, retries=settings.attempts > 1, watch=watch)
    if settings.hedge_model is None:
        return Guarded(retrying, breaker)
    return Guarded(Hedged(retrying, Spare(retrying, settings.hedge_model), Latencies(), budget, clock), breaker)


def _require(name: str, is_fine: bool, needed: str) -> None:
    if not is_fine:
        raise InvalidInputError(f"The guard {name} must be {needed}.")
