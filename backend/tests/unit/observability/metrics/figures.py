"""What a page says, read as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

from app.observability.metrics.exposition import page
from app.observability.metrics.registry import Metrics


def series(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by name and labels."""
    return read(page(metrics.registry).decode())


def read(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of a page."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One sample; None where there is none."""
    return series(metrics).get((name, frozenset(labels.items())))


def risen(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a name that are not 0, by the values of their labels in order of the labels' names."""
    found = {labels: value for (each, labels), value in series(metrics).items() if each == name and value}
    return {tuple(value for _, value in sorted(labels)): number for labels, number in found.items()}
