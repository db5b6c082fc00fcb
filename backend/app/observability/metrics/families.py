"""The series of one metric, found by the values of their labels."""

from collections.abc import Callable
from typing import Generic, TypeVar

from app.observability.metrics.specs import OTHER, Metric

Series = TypeVar("Series")


class Family(Generic[Series]):
    """All series of a metric; those that are expected exist from the start.

    Args:
        make: returns the series of these label values.
    """

    def __init__(self, metric: Metric, make: Callable[..., Series]) -> None:
        self.metric = metric
        self._make = make
        self._series: dict[tuple[str, ...], Series] = {}
        self._known: tuple[set[str], ...] = tuple(set(label.values) for label in metric.labels)

    def at(self, *values: str) -> Series:
        """Return the series of these label values; a value that nobody expected counts as `other`."""
        found = self._series.get(values)
        return self._bounded(values) if found is None else found

    def expect(self, *values: str) -> Series:
        """Make the series of these label values unless it is there; return it."""
        if values not in self._series:
            self._series[values] = self._make(*values)
            for known, value in zip(self._known, values, strict=True):
                known.add(value)
        return self._series[values]

    def _bounded(self, values: tuple[str, ...]) -> Series:
        pairs = zip(values, self._known, strict=True)
        return self.expect(*(value if value in known else OTHER for value, known in pairs))
