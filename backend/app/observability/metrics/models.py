"""Counts what is asked of models: every request that is sent, what it cost, retries, breakers."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from time import perf_counter
from typing import Protocol

from app.domain.completions import Completion, ModelRequest, Usage
from app.domain.errors import ProviderError
from app.observability.metrics import catalogue
from app.observability.metrics.catalogue import FAILED, OK
from app.observability.metrics.registry import Metrics
from app.ports.provider import Inquiry, Provider
from app.ports.provider_wrapper import ProviderWrapper

PriceOf = Callable[[str, str, Usage], Decimal | None]
MOST_MODELS = 50


class HasState(Protocol):
    """Whatever has a breaker."""

    @property
    def state(self) -> str:
        """`closed`, `open` or `half_open`."""


class ModelMetrics:
    """The figures of all providers.

    Args:
        price_of: dollars of a usage by provider and model; None when that is not known.
    """

    def __init__(self, metrics: Metrics, price_of: PriceOf) -> None:
        self._metrics = metrics
        self._known: set[tuple[str, str]] = set()
        self.price_of = price_of
        self.requests = metrics.counter(catalogue.LLM_REQUESTS)
        self.seconds = metrics.histogram(catalogue.LLM_DURATION)
        self.tokens = metrics.counter(catalogue.LLM_TOKENS)
        self.dollars = metrics.counter(catalogue.LLM_COST)
        self._retries = metrics.counter(catalogue.LLM_RETRIES)
        self._circuits = metrics.gauge(catalogue.CIRCUIT_STATE)
        self._limited = metrics.counter(catalogue.RATE_LIMITED)

    def expect(self, provider: str, model: str) -> None:
        """Make the series of a model; beyond 50 of them a model counts as `other`."""
        if (provider, model) in self._known or len(self._known) >= MOST_MODELS:
            return
        self._known.add((provider, model))
        self._metrics.expect(provider=provider)
        self._metrics.expect(provider=provider, model=model)

    def around(self, adapter: Provider) -> Provider:
        """Return the adapter with its requests counted."""
        return MeteredProvider(adapter, self)

    def retried(self, provider: str, kind: str) -> None:
        """A request is sent again after a failure of that kind."""
        self._retries.at(provider, kind).inc()

    def held_back(self, provider: str) -> None:
        """A request found no free place in time."""
        self._limited.at("provider").inc()

    def show_circuits(self, guards: Mapping[str, HasState]) -> None:
        """Set the gauge of every breaker."""
        for provider, guard in guards.items():
            for state in catalogue.STATE.values:
                self._circuits.at(provider, state).set(guard.state == state)


class MeteredProvider(ProviderWrapper):
    """Is to the outside what `inner` is, and counts each request to it."""

    def __init__(self, inner: Provider, figures: ModelMetrics) -> None:
        super().__init__(inner)
        self._figures = figures

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`."""
        self._figures.expect(self.name, request.model)
        outcome, began = "cancelled", perf_counter()
        try:
            completion = await self.inner.complete(request, inquiry)
            outcome = OK
        except ProviderError as error:
            outcome = error.kind
            raise
        except Exception:
            outcome = FAILED
            raise
        finally:
            labels = (self.name, request.model, outcome)
            self._figures.requests.at(*labels).inc()
            self._figures.seconds.at(*labels).observe(perf_counter() - began)
        self._count_usage(request, completion)
        return completion

    def _count_usage(self, request: ModelRequest, completion: Completion) -> None:
        usage, labels = completion.usage, (self.name, request.model)
        self._figures.tokens.at(*labels, "input").inc(usage.input_tokens)
        self._figures.tokens.at(*labels, "output").inc(usage.output_tokens)
        if self.is_billed:
            prices = (self._figures.price_of(self.name, each, usage) for each in (completion.model, request.model))
            self._figures.dollars.at(*labels).inc(float(next((cost for cost in prices if cost is not None), 0)))
