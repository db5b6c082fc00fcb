"""Figures of what lies between the record and those who act on it: outbox, inbox, reconciler, connections."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.observability.metrics import catalogue
from app.observability.metrics.registry import Metrics


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one queue still has to get of what is stored.

    Args:
        pending: events, 0 or more.
        oldest_age_s: since the oldest of them was stored; 0 when there is none.
    """

    queue: str
    pending: int
    oldest_age_s: float


BacklogOf = Callable[[], Awaitable[tuple[Backlog, ...]]]
ConnectionsOf = Callable[[], tuple[int, int]]


class PipelineMetrics:
    """Told of by whoever relays, receives and reconciles."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._pending = metrics.gauge(catalogue.OUTBOX_PENDING)
        self._age = metrics.gauge(catalogue.OUTBOX_AGE)
        self._duplicates = metrics.counter(catalogue.INBOX_DUPLICATES)
        self._recovered = metrics.counter(catalogue.RECONCILED)
        self._connections = metrics.gauge(catalogue.DATABASE_CONNECTIONS)

    def duplicate(self, queue: str) -> None:
        """A message came whose effect was there already."""
        self._duplicates.at(queue).inc()

    def recovered(self, kind: str, count: int = 1) -> None:
        """Something left undone was taken up again: `request` or `job`."""
        self._recovered.at(kind).inc(count)

    def watch_outbox(self, backlog: BacklogOf) -> Callable[[], None]:
        """Ask `backlog` whenever the page is asked for; return a function that ends that."""

        async def shown() -> None:
            for each in await backlog():
                self._metrics.expect(queue=each.queue)
                self._pending.at(each.queue).set(each.pending)
                self._age.at(each.queue).set(each.oldest_age_s)

        return self._metrics.add_source(shown)

    def watch_connections(self, connections: ConnectionsOf) -> Callable[[], None]:
        """Ask `connections` for how many are idle and in use whenever the page is asked for."""

        async def shown() -> None:
            for state, count in zip(catalogue.CONNECTIONS.values, connections(), strict=True):
                self._connections.at(state).set(count)

        return self._metrics.add_source(shown)
