"""PromQL made from the description of the metrics: a metric or label that there is not cannot be asked for."""

from collections.abc import Mapping
from typing import Final

from app.observability.metrics.specs import Counter, Gauge, Histogram, Metric

RATE_INTERVAL: Final = "$__rate_interval"
INSTANCE: Final = 'instance=~"$instance"'
JOB: Final = 'job="conclave"'

Where = Mapping[str, str]
"""Label to a regular expression of the values meant; after a `!`, of those not meant."""


class Query:
    """Asks for figures of some processes.

    Args:
        scope: which processes, as a label matcher.
        window: over which rates are taken.
    """

    def __init__(self, scope: str = INSTANCE, window: str = RATE_INTERVAL) -> None:
        self._scope = scope
        self._window = window

    def over(self, window: str) -> "Query":
        """Return the same over another window."""
        return Query(self._scope, window)

    def rate(self, metric: Counter, by: tuple[str, ...] = (), where: Where | None = None) -> str:
        """Return how often per second, by label."""
        return _sum(f"rate({self._series(metric, metric.name, where)}[{self._window}])", _checked(metric, by))

    def increase(self, metric: Counter, by: tuple[str, ...] = (), where: Where | None = None) -> str:
        """Return how many within the window, by label."""
        return _sum(f"increase({self._series(metric, metric.name, where)}[{self._window}])", _checked(metric, by))

    def share(self, metric: Counter, of: Where, where: Where | None = None, by: tuple[str, ...] = ()) -> str:
        """Return which share of what is counted has these label values, from 0 to 1; nothing where nothing happened."""
        part = self.rate(metric, by, {**(where or {}), **of})
        return _defined(f"{part} / {self.rate(metric, by, where)}")

    def ratio(self, part: str, whole: str) -> str:
        """Return the quotient of two queries; nothing where the second is 0."""
        return _defined(f"{part} / {whole}")

    def quantile(self, share: float, metric: Histogram, by: tuple[str, ...] = (), where: Where | None = None) -> str:
        """Return what a share of the values did not exceed; nothing where there were none."""
        series = f"rate({self._series(metric, f'{metric.name}_bucket', where)}[{self._window}])"
        return _defined(f"histogram_quantile({share}, {_sum(series, ('le', *_checked(metric, by)))})")

    def mean(self, metric: Histogram, by: tuple[str, ...] = ()) -> str:
        """Return the mean of the values; nothing where there were none."""
        total, count = (
            _sum(f"rate({self._series(metric, metric.name + end, None)}[{self._window}])", _checked(metric, by))
            for end in ("_sum", "_count")
        )
        return _defined(f"{total} / {count}")

    def total(self, metric: Gauge, by: tuple[str, ...] = (), where: Where | None = None) -> str:
        """Return the sum of what processes say, by label."""
        return _sum(self._series(metric, metric.name, where), _checked(metric, by))

    def most(self, metric: Gauge, by: tuple[str, ...] = (), where: Where | None = None) -> str:
        """Return the largest of what processes say, by label."""
        return _sum(self._series(metric, metric.name, where), _checked(metric, by), "max")

    def least(self, metric: Gauge, by: tuple[str, ...] = ()) -> str:
        """Return the smallest of what processes say, by label."""
        return _sum(self._series(metric, metric.name, None), _checked(metric, by), "min")

    def age(self, metric: Gauge) -> str:
        """Return the seconds since the moment that a gauge tells."""
        return f"time() - {self.most(metric)}"

    def _series(self, metric: Metric, name: str, where: Where | None) -> str:
        _checked(metric, tuple(where or ()))
        matchers = [self._scope, *(_matcher(label, value) for label, value in (where or {}).items())]
        return f"{name}{{{','.join(matchers)}}}"


def _matcher(label: str, value: str) -> str:
    return f'{label}!~"{value[1:]}"' if value.startswith("!") else f'{label}=~"{value}"'


def _sum(series: str, by: tuple[str, ...], how: str = "sum") -> str:
    return f"{how} by ({', '.join(by)}) ({series})" if by else f"{how}({series})"


def _defined(query: str) -> str:
    """Leave out what is no number: a quotient by nothing is not drawn."""
    return f"({query}) >= 0"


def _checked(metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
    unknown = set(labels) - {*metric.label_names, "instance"}
    if unknown:
        raise ValueError(f"{metric.name} has no label {', '.join(sorted(unknown))}.")
    return labels
