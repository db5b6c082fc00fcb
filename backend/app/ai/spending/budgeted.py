"""No request without room for it in the budget."""

from decimal import Decimal

from app.ai.resilience.attempts import Attempt
from app.ai.spending.estimates import lost_usage, most_usage, request_tokens
from app.ai.spending.ledger import Held, Ledger
from app.ai.spending.prices import price_of, ready
from app.domain.completions import Completion, ModelRequest, Usage
from app.domain.spending import Spend
from app.ports.clock import Clock
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper


class Budgeted(ProviderWrapper):
    """Reserves the most that a request may cost, and settles what it did cost.

    Reserved are its length in tokens and `max_tokens`, their price, and the seconds that it may take. A limit in
    seconds must therefore leave room for as many timeouts as analysts ask at once, or some of them are refused.

    Args:
        timeout_s: the longest that the adapter lets one request take.
    """

    def __init__(self, inner: Provider, ledger: Ledger, clock: Clock, timeout_s: float = 30.0) -> None:
        super().__init__(inner)
        self._ledger = ledger
        self._clock = clock
        self._timeout_s = timeout_s

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`.

        Raises:
            ProviderError: also `budget_spent`, when the provider was not asked.
        """
        if self.is_billed:
            await ready()
        attempt = Attempt.of(inquiry, self._clock)
        tokens = request_tokens(request)
        held = await self._reserved(request, tokens, attempt)
        try:
            completion = await self.inner.complete(request, attempt)
        except BaseException as failure:
            if attempt.asked_at is None:
                await held.release()
            else:
                lost = lost_usage(failure, tokens)
                await held.settle(self._spend(lost, self._price(request.model, lost), attempt))
            raise
        await held.settle(self._spend(completion.usage, self._cost(request, completion), attempt))
        return completion

    async def _reserved(self, request: ModelRequest, tokens: int, attempt: Attempt) -> Held:
        """Return what is set aside; the time that the books take is not the model's."""
        left_s = max(0.0, attempt.deadline - self._clock.monotonic())
        need = self._most(request, tokens, min(self._timeout_s, left_s))
        attempt.asked_at = None
        held = await self._ledger.reserve(attempt.decision_id, need, left_s)
        attempt.asked_at = self._clock.monotonic()
        return held

    def _most(self, request: ModelRequest, tokens: int, seconds: float) -> Spend:
        usage = most_usage(tokens, request.max_tokens)
        return Spend(usage.total, self._price(request.model, usage), seconds)

    def _cost(self, request: ModelRequest, completion: Completion) -> Decimal | None:
        """Price the model that the vendor names, or the one that was asked for."""
        cost = self._price(completion.model, completion.usage)
        return self._price(request.model, completion.usage) if cost is None else cost

    def _price(self, model: str, usage: Usage) -> Decimal | None:
        if not self.is_billed or not usage.total:
            return Decimal(0)
        return price_of(self.name, model, usage)

    def _spend(self, usage: Usage, dollars: Decimal | None, attempt: Attempt) -> Spend:
        asked_at = attempt.asked_at
        seconds = 0.0 if asked_at is None else max(0.0, self._clock.monotonic() - asked_at)
        return Spend(usage.total, dollars, seconds)
