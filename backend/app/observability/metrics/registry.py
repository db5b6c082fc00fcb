"""The metrics of one process: every series from the start, values from sources when asked, one page of text."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import prometheus_client as client
import structlog

from app.observability.metrics.catalogue import CATALOGUE
from app.observability.metrics.families import Family
from app.observability.metrics.specs import Counter, Gauge, Histogram, Metric

log = structlog.get_logger(__name__)

Source = Callable[[], Awaitable[None]]


class Metrics:
    """Keeps the figures of the catalogue; in the folder of PROMETHEUS_MULTIPROC_DIR, if set, together with others."""

    def __init__(self) -> None:
        folder = shared_folder()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.registry = client.CollectorRegistry()
        self._families: dict[str, Family[Any]] = {}
        self._sources: list[Source] = []
        for metric in CATALOGUE:
            self._families[metric.name] = _family(metric, self.registry)
        for metric in CATALOGUE:
            self._complete(metric, {})

    def counter(self, metric: Counter) -> Family[client.Counter]:
        """Return the series of a counter."""
        return self._families[metric.name]

    def gauge(self, metric: Gauge) -> Family[client.Gauge]:
        """Return the series of a gauge."""
        return self._families[metric.name]

    def histogram(self, metric: Histogram) -> Family[client.Histogram]:
        """Return the series of a histogram."""
        return self._families[metric.name]

    def expect(self, **labels: str) -> None:
        """Make the series of values that labels will take, in every metric that needs no other to be announced.

        Args:
            labels: value by label; values that come together, such as a provider and its model, are announced together.
        """
        for metric in CATALOGUE:
            if labels.keys() <= set(metric.label_names):
                self._complete(metric, labels)

    def _complete(self, metric: Metric, fixed: Mapping[str, str]) -> None:
        """Make every series whose other label values are always the same; none where one of them is not known."""
        choices = ((fixed[label.name],) if label.name in fixed else label.values for label in metric.labels)
        for values in product(*choices):
            self._families[metric.name].expect(*values)

    def add_source(self, source: Source) -> Callable[[], None]:
        """Have `source` set its gauges whenever the page is asked for; return a function that ends that."""
        self._sources.append(source)
        return lambda: self._sources.remove(source)

    async def refresh(self) -> None:
        """Let every source set its gauges; one that fails leaves them as they were."""
        for source in tuple(self._sources):
            try:
                await source()
            except Exception as error:  # noqa: BLE001 - figures that are there must not miss because others do
                log.warning("metrics not refreshed", error=type(error).__name__)

    async def keep_fresh(self, every_s: float) -> None:
        """Refresh every `every_s` seconds, for pages that other processes answer; runs until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(every_s)


class _Counter(client.Counter):
    """Is only ever used with all its labels, see `Family`, and so need not ask: that is a third of the cost."""

    def _raise_if_not_observable(self) -> None:
        """Trust the family."""


class _Histogram(client.Histogram):
    """Spares itself the same question."""

    def _raise_if_not_observable(self) -> None:
        """Trust the family."""


def shared_folder() -> Path | None:
    """Return where several processes keep their figures together; None where each keeps its own."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


def _family(metric: Metric, registry: client.CollectorRegistry) -> Family[Any]:
    common: dict[str, Any] = {"labelnames": metric.label_names, "registry": registry}
    kept: Any
    match metric:
        case Counter():
            kept = _Counter(metric.name, metric.help, **common)
        case Histogram():
            kept = _Histogram(metric.name, metric.help, buckets=metric.buckets, **common)
        case Gauge():
            kept = client.Gauge(metric.name, metric.help, multiprocess_mode=metric.across, **common)
    return Family(metric, kept.labels if metric.labels else lambda: kept)
