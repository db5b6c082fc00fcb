"""What a metric is: name, kind, labels with all the values they may take, buckets."""

from dataclasses import dataclass
from typing import Final, Literal

OTHER: Final = "other"
"""What a label says of a value that nobody announced: however odd the input, the number of series has an end."""

Across = Literal["livesum", "livemax", "livemin"]


@dataclass(frozen=True, slots=True)
class Label:
    """One label.

    Args:
        values: all there are; empty where they are announced at the start, see `Metrics.expect`.
    """

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as Prometheus knows it: name with unit, help text, labels."""

    name: str
    help: str
    labels: tuple[Label, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels, in order."""
        return tuple(label.name for label in self.labels)


@dataclass(frozen=True, slots=True)
class Counter(Metric):
    """Only rises."""


@dataclass(frozen=True, slots=True)
class Gauge(Metric):
    """Rises and falls.

    Args:
        across: what processes that share a folder say together: the sum, the most or the least of those alive.
    """

    across: Across = "livesum"


@dataclass(frozen=True, slots=True)
class Histogram(Metric):
    """Counts values by size.

    Args:
        buckets: their upper ends, rising; a last one without end is added.
    """

    buckets: tuple[float, ...] = ()
