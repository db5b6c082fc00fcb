"""A second model is asked when the first is slower than it usually is."""

import asyncio
from dataclasses import dataclass, replace

import structlog

from app.ai.resilience.attempts import NotAskedError
from app.ai.resilience.latencies import Latencies
from app.ai.resilience.retry_budget import RetryBudget
from app.ai.resilience.retrying import LAST_FAILURE, WORTH_ASKING_S
from app.domain.completions import Completion, ModelRequest
from app.domain.errors import InvalidInputError
from app.ports.clock import Clock
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper

log = structlog.get_logger(__name__)

Answer = asyncio.Task[Completion]


@dataclass(frozen=True, slots=True, eq=False)
class Spare:
    """Who is asked too: another model of the same vendor, for a turn is echoed in its vendor's own form."""

    provider: Provider
    model: str


class Hedged(ProviderWrapper):
    """Asks `spare` when the first has not answered within its own p95, and takes whichever answers first.

    Nothing is hedged before enough latencies are known, after a failed request, or when retries are spent.

    Args:
        latencies: of the first; its successes are added.
        budget: of retries; a hedge costs one.

    Raises:
        InvalidInputError: the spare is of another vendor.
    """

    def __init__(self, inner: Provider, spare: Spare, latencies: Latencies, budget: RetryBudget, clock: Clock) -> None:
        super().__init__(inner)
        if spare.provider.name != inner.name:
            raise InvalidInputError(f"A slow model can be hedged by another model of {inner.name} alone.")
        self._spare = spare
        self._latencies = latencies
        self._budget = budget
        self._clock = clock

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the turn of the model that answered first; `stand_in` names the spare when it was that.

        Raises:
            ProviderError: of the first, when both failed.
        """
        patience_s = self._latencies.p95_s(request.model)
        if patience_s is None or request.model == self._spare.model:
            return await self._first(request, inquiry)
        answers = [asyncio.create_task(self._first(request, inquiry), name=f"model {request.model}")]
        try:
            await asyncio.wait(answers, timeout=patience_s)
            if not answers[0].done() and self._may_hedge(inquiry):
                answers.append(self._hedge(request, inquiry))
                return await self._raced(answers, inquiry)
            return await answers[0]
        finally:
            await _let_go(answers)

    async def _first(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        began = self._clock.monotonic()
        completion = await self.inner.complete(request, inquiry)
        self._latencies.note(request.model, self._clock.monotonic() - began)
        return completion

    def _may_hedge(self, inquiry: Inquiry) -> bool:
        left_s = inquiry.deadline - self._clock.monotonic()
        return inquiry.failed_requests == 0 and left_s >= WORTH_ASKING_S and self._budget.take()

    def _hedge(self, request: ModelRequest, inquiry: Inquiry) -> Answer:
        """Ask the spare, once and unheard, for two voices at a time cannot be followed."""
        log.info("provider hedged", provider=self.name, model=request.model, spare=self._spare.model)
        aside = replace(inquiry, heard=None, failed_requests=LAST_FAILURE - 1)
        return asyncio.create_task(self._second(request, aside), name=f"model {self._spare.model}")

    async def _second(self, request: ModelRequest, aside: Inquiry) -> Completion:
        model = self._spare.model
        return replace(await self._spare.provider.complete(replace(request, model=model), aside), stand_in=model)

    async def _raced(self, answers: list[Answer], inquiry: Inquiry) -> Completion:
        """Wait for the first success; until then the hedge counts as failed, so that nothing is asked a third time."""
        inquiry.failed_requests += 1
        winner = await _first_success(answers)
        is_refused = _was_refused(answers[1])
        if winner is not None or is_refused:
            inquiry.failed_requests -= 1
        if winner is not None and not is_refused and not _has_failed(answers[0]):
            inquiry.spared_requests += 1
        return (winner or answers[0]).result()


async def _first_success(answers: list[Answer]) -> Answer | None:
    waiting = set(answers)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for answer in answers:
            if answer in done and not answer.cancelled() and answer.exception() is None:
                return answer
    return None


def _has_failed(answer: Answer) -> bool:
    return answer.done() and (answer.cancelled() or answer.exception() is not None)


def _was_refused(answer: Answer) -> bool:
    return answer.done() and not answer.cancelled() and isinstance(answer.exception(), NotAskedError)


async def _let_go(answers: list[Answer]) -> None:
    for answer in answers:
        answer.cancel()
    await asyncio.gather(*answers, return_exceptions=True)
