"""What one analyst asks its model during one decision: every question accounted for, every answer kept."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import orjson

from app.ai.model_panel.request_keys import canonical_request, key_of
from app.ai.model_panel.voices import Voice
from app.domain.completions import Completion, ModelRequest, Usage
from app.domain.errors import ProviderError
from app.domain.model_calls import ModelCall, exchange_of
from app.ports.assignment import Assignment
from app.ports.clock import Clock
from app.ports.provider import Inquiry

PriceOf = Callable[[str, str, Usage], Decimal | None]


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """How answers are accounted for.

    Args:
        price_of: dollars of a usage by provider and model, None when unknown; asked of billed providers alone.
        keeps: whether exchanges are kept, so that the decision can be made again.
    """

    price_of: PriceOf
    keeps: bool = True


class Correspondence:
    """Asks on behalf of one analyst and writes everything down in its assignment."""

    def __init__(self, voice: Voice, assignment: Assignment, archive: Archive, clock: Clock) -> None:
        self._voice = voice
        self._assignment = assignment
        self._archive = archive
        self._clock = clock
        self._left = deque(assignment.recorded or ())
        self.inquiry = Inquiry(
            assignment.symbol, assignment.agent_id, assignment.decision_id, assignment.deadline, assignment.think
        )

    def with_voice(self, voice: Voice) -> "Correspondence":
        """Return the same analyst's correspondence with another model; what is recorded of both is in one order."""
        other = Correspondence(voice, self._assignment, self._archive, self._clock)
        other._left = self._left
        return other

    async def ask(self, request: ModelRequest) -> Completion:
        """Return the model's answer, asked for now or recorded.

        Raises:
            ProviderError: there is none.
        """
        written = canonical_request(request)
        key = key_of(written)
        if self._assignment.recorded is not None:
            return self._recorded(key)
        return await self._asked(request, written, key)

    def _recorded(self, key: str) -> Completion:
        """Take the next recorded answer; one to another question means that the making has changed."""
        if not self._left or self._left[0].request_key != key:
            raise ProviderError("not_recorded", "The model was not asked this when the decision was made.")
        answer = self._left.popleft()
        if answer.completion is None:
            kind = answer.error_kind or "not_recorded"
            self.inquiry.failed_requests += 1
            raise ProviderError(kind, answer.error or "The answer of the model was not kept.")
        return Completion.from_dict(answer.completion)

    async def _asked(self, request: ModelRequest, written: bytes, key: str) -> Completion:
        note = _Note(self._voice, self._assignment, request, key, clock=self._clock, inquiry=self.inquiry)
        try:
            completion = await self._live(request)
        except ProviderError as error:
            note.failed(error.kind, error.public)
            raise
        except asyncio.CancelledError:
            note.failed("cancelled", "Nobody waited for the answer any more.")
            raise
        response = orjson.dumps(completion.as_dict(), option=orjson.OPT_SORT_KEYS)
        exchange = exchange_of(written, response)
        if self._archive.keeps:
            self._assignment.exchanges.append(exchange)
        note.answered(completion, exchange.id if self._archive.keeps else None, self._archive.price_of)
        return completion

    async def _live(self, request: ModelRequest) -> Completion:
        if self._voice.door is None:
            raise ProviderError("not_recorded", "No provider is there to be asked.")
        return await self._voice.door.complete(request, self.inquiry)


class _Note:
    """One line of the account, begun before the request is sent."""

    def __init__(
        self, voice: Voice, assignment: Assignment, request: ModelRequest, key: str, *, clock: Clock, inquiry: Inquiry
    ) -> None:
        self._voice, self._assignment, self._request, self._key = voice, assignment, request, key
        self._clock, self._inquiry = clock, inquiry
        self._at, self._began, self._failed_before = clock.now(), clock.monotonic(), inquiry.failed_requests

    def failed(self, kind: str, error: str) -> None:
        """Write down that there is no answer and why."""
        self._write(None, self._inquiry.failed_requests - self._failed_before, error_kind=kind, error=error)

    def answered(self, completion: Completion, exchange_id: str | None, price_of: PriceOf) -> None:
        """Write down what the answer cost."""
        attempts = 1 + self._inquiry.failed_requests - self._failed_before
        door = self._voice.door
        cost = price_of(self._voice.provider, completion.model, completion.usage) if door and door.is_billed else None
        self._write(exchange_id, attempts, usage=completion.usage, cost=cost)

    def _write(
        self,
        exchange_id: str | None,
        attempts: int,
        *,
        usage: Usage | None = None,
        cost: Decimal | None = None,
        error_kind: str | None = None,
        error: str | None = None,
    ) -> None:
        self._assignment.model_calls.append(
            ModelCall(
                agent_id=self._assignment.agent_id,
                provider=self._voice.provider,
                model=self._request.model,
                prompt=self._request.prompt,
                request_key=self._key,
                exchange_id=exchange_id,
                started_at=self._at,
                duration_ms=(self._clock.monotonic() - self._began) * 1_000,
                attempts=attempts,
                usage=usage,
                cost=cost,
                error_kind=error_kind,
                error=error,
            )
        )
