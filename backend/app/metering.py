"""Puts wrappers that count around the ports of a desk, and announces every series that it will have."""

import platform
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib.metadata import version
from typing import Final, TypeVar

from app import plugins
from app.ai.spending.prices import price_of
from app.config import Settings
from app.consensus.version import ENGINE_VERSION
from app.domain.identifiers import TWIN_SUFFIX
from app.domain.jobs import Errand
from app.events.auditing import Auditor
from app.events.jobs.dispatch import Work
from app.messaging.errands import queue_name
from app.observability.metrics import catalogue
from app.observability.metrics.catalogue import FEED_QUEUE
from app.observability.metrics.decisions import metered_store
from app.observability.metrics.models import HasState, ModelMetrics
from app.observability.metrics.panel import MeteredPanel
from app.observability.metrics.pipeline import Backlog, PipelineMetrics
from app.observability.metrics.registry import Metrics
from app.observability.metrics.transport import MeteredTransport
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.outbox import Outbox
from app.ports.panel import Panel
from app.ports.transport import Addressed, Transport

M = TypeVar("M", bound=Addressed)

OUTBOX_QUEUE: Final = "outbox"


class Metering:
    """The figures of one desk."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics

    @cached_property
    def models(self) -> ModelMetrics:
        """What is asked of models."""
        return ModelMetrics(self.metrics, price_of)

    @cached_property
    def pipeline(self) -> PipelineMetrics:
        """What lies between the record and those who act on it."""
        return PipelineMetrics(self.metrics)

    def store(self, inner: DecisionStore) -> DecisionStore:
        """Return the store with its decisions counted."""
        return metered_store(inner, self.metrics)

    def panel(self, inner: Panel) -> Panel:
        """Return the panel with its agents and tools counted."""
        return MeteredPanel(inner, self.metrics)

    def transport(self, inner: Transport[M]) -> Transport[M]:
        """Return the transport with its messages counted."""
        return MeteredTransport(inner, self.metrics)

    def errands(self, work: Work) -> Work:
        """Return the work with errands counted that were done already."""

        async def counted(errand: Errand) -> bool:
            had_work = await work(errand)
            if not had_work:
                self.pipeline.duplicate(queue_name(errand.role))
            return had_work

        return counted

    def watch_outbox(self, outbox: Outbox, clock: Clock) -> Callable[[], None]:
        """Show how many letters wait and since when; return a function that ends that."""

        async def backlog() -> tuple[Backlog, ...]:
            count, since = await outbox.waiting()
            age_s = (clock.now() - since).total_seconds() if since else 0.0
            return (Backlog(OUTBOX_QUEUE, count, max(age_s, 0.0)),)

        return self.pipeline.watch_outbox(backlog)

    def announce(self, settings: Settings, roles: Iterable[str]) -> None:
        """Make every series that can be known before anything has happened."""
        for role in roles:
            self.metrics.expect(agent=role)
            self.metrics.expect(agent=f"{role}{TWIN_SUFFIX}")
            if settings.rabbitmq_url is not None:
                self.metrics.expect(queue=queue_name(role))
        for kind, label in (("conflict_strategy", "strategy"), ("tool", "tool")):
            for name in plugins.names(kind):
                self.metrics.expect(**{label: name})
        self.metrics.expect(queue=FEED_QUEUE)
        self.metrics.expect(queue=OUTBOX_QUEUE)
        for provider, model in configured_models(settings):
            self.models.expect(provider, model)
        self.metrics.gauge(catalogue.AUDIT_VALID).at().set(1)
        versions = (version("conclave"), platform.python_version(), str(ENGINE_VERSION))
        self.metrics.gauge(catalogue.BUILD_INFO).expect(*versions).set(1)

    def watch_circuits(self, guards: Mapping[str, HasState]) -> Callable[[], None]:
        """Show the breakers of these providers, and of those that are added; return a function that ends that."""

        async def shown() -> None:
            self.models.show_circuits(guards)

        return self.metrics.add_source(shown)

    def watch_audit(self, auditor: Auditor) -> Callable[[], None]:
        """Show what the auditor found last; return a function that ends that."""
        valid, looked = self.metrics.gauge(catalogue.AUDIT_VALID).at(), self.metrics.gauge(catalogue.AUDIT_LOOKED).at()

        async def shown() -> None:
            if auditor.last is not None:
                valid.set(auditor.last.is_whole)
                looked.set(auditor.last.at.timestamp())

        return self.metrics.add_source(shown)


def configured_models(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return provider and model of everybody whom the settings name, whether or not anybody is there."""
    named = [*settings.models.values(), *filter(None, (settings.hedge_model,))]
    pairs = [(provider, model) for provider, _, model in (each.partition(":") for each in named) if model]
    if settings.anthropic_api_key is not None:
        pairs.append(("anthropic", settings.anthropic_model))
    if settings.ollama_model is not None:
        pairs.append(("ollama", settings.ollama_model))
    if settings.perplexity_api_key is not None:
        pairs.append(("perplexity", settings.perplexity_model))
    if settings.provider == "scripted":
        pairs.append(("scripted", "script"))
    return tuple(dict.fromkeys(pairs))
