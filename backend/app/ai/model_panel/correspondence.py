"""What one analyst asks its model during one decision: every question accounted for, every answer kept."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson
import structlog

from app.ai.model_panel.request_keys import canonical_request, key_of
from app.ai.model_panel.voices import Voice
from app.domain.completions import Completion, ModelRequest, Usage
from app.domain.errors import ProviderError
from app.domain.model_calls import ModelCall, exchange_of
from app.ports.assignment import Assignment
from app.ports.clock import Clock
from app.ports.provider import Inquiry

log = structlog.get_logger(__name__)

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
        self.inquiry.failed_requests += answer.failed
        if answer.completion is None:
            kind = answer.error_kind or "not_recorded"
            raise ProviderError(kind, answer.error or "The answer of the model was not kept.")
        return Completion.from_dict(answer.completion)

    async def _asked(self, request: ModelRequest, written: bytes, key: str) -> Completion:
        note = _Note(self._voice, self._assignment, request, key, clock=self._clock, inquiry=self.inquiry)
        try:
            completion = await self._live(request)
        except ProviderError as error:
            note.failed(error)
            raise
        response = orjson.dumps(completion.as_dict(), option=orjson.OPT_SORT_KEYS)
        exchange = exchange_of(written, response, key)
        if self._archive.keeps:
            self._assignment.exchanges.append(exchange)
        note.answered(completion, exchange.id if self._archive.keeps else None, self._archive.price_of)
        return completion

    async def _live(self, request: ModelRequest) -> Completion:
        if self._voice.door is None:
            raise ProviderError("not_recorded", "No provider is there to be asked.")
        try:
            return await self._voice.door.complete(request, self.inquiry)
        except ProviderError:
            raise
        except Exception as error:
            raise unforeseen(error) from error


def unforeseen(error: Exception) -> ProviderError:
    """Return a fault of ours as the failure of a model that it is to everybody else, once the log has its trace."""
    log.error("model not asked as it should be", exc_info=error)
    return ProviderError("internal", f"Something failed on this side ({type(error).__name__}).")


class _Note:
    """One line of the account: `cancelled` from when it is begun until something better is known."""

    def __init__(
        self, voice: Voice, assignment: Assignment, request: ModelRequest, key: str, *, clock: Clock, inquiry: Inquiry
    ) -> None:
        self._voice, self._calls, self._place = voice, assignment.model_calls, len(assignment.model_calls)
        self._clock, self._inquiry = clock, inquiry
        self._began = clock.monotonic()
        self._failed_before, self._spared_before = inquiry.failed_requests, inquiry.spared_requests
        self._calls.append(
            ModelCall(
                agent_id=assignment.agent_id,
                provider=voice.provider,
                model=request.model,
                prompt=request.prompt,
                request_key=key,
                exchange_id=None,
                started_at=clock.now(),
                duration_ms=0.0,
                attempts=1,
                error_kind="cancelled",
                error="Nobody waited for the answer any more.",
            )
        )

    def failed(self, error: ProviderError) -> None:
        """Write down that there is no answer and why."""
        self._settle(attempts=self._failures(), error_kind=error.kind, error=error.public)

    def answered(self, completion: Completion, exchange_id: str | None, price_of: PriceOf) -> None:
        """Write down what the answer cost; one that was kept from another time costs nothing."""
        known: dict[str, Any] = {"exchange_id": exchange_id, "error_kind": None, "error": None}
        if completion.stand_in is not None:
            known["model"] = completion.stand_in
        if completion.is_kept:
            return self._settle(attempts=0, usage=Usage(), cost=Decimal(0), **known)
        door = self._voice.door
        cost = price_of(self._voice.provider, completion.model, completion.usage) if door and door.is_billed else None
        spared = self._inquiry.spared_requests - self._spared_before
        attempts = 1 + self._failures() + spared
        return self._settle(attempts=attempts, spared=spared, usage=completion.usage, cost=cost, **known)

    def _failures(self) -> int:
        return self._inquiry.failed_requests - self._failed_before

    def _settle(self, **known: Any) -> None:
        took_ms = (self._clock.monotonic() - self._began) * 1_000
        self._calls[self._place] = replace(self._calls[self._place], duration_ms=took_ms, **known)
