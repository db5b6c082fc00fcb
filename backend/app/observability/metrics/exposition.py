"""The page that Prometheus reads: this process's figures, or those of all processes that share a folder."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import prometheus_client as client
from prometheus_client import multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.observability.metrics.registry import shared_folder

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class _Page(Collector):
    """What is shown: without the times at which series began, which would double their number for nobody."""

    def __init__(self, *shown: Collector) -> None:
        self._shown = shown

    def collect(self) -> Iterable[Metric]:
        for collector in self._shown:
            for metric in collector.collect():
                metric.samples = [each for each in metric.samples if not each.name.endswith("_created")]
                yield metric


def page(registry: client.CollectorRegistry) -> bytes:
    """Return the figures as text; takes some milliseconds, so a server asks for it in a thread.

    `process_*` is of the process that answers, also where figures are shared.
    """
    folder = shared_folder()
    kept: Collector = registry
    if folder is not None:
        _forget_the_dead(folder)
        kept = multiprocess.MultiProcessCollector(client.CollectorRegistry())  # type: ignore[no-untyped-call]
    return client.generate_latest(_Page(kept, client.ProcessCollector(registry=None)))


def _forget_the_dead(folder: Path) -> None:
    """Drop the gauges of processes that ended, however they did; what they counted stays."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}:
        if not _is_alive(pid):
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
