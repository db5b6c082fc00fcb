from app.observability.metrics.pipeline import Backlog, PipelineMetrics
from app.observability.metrics.registry import Metrics
from tests.unit.observability.metrics.figures import risen, value


async def test_the_backlog_is_asked_for_when_the_page_is():
    metrics = Metrics()
    waiting = [Backlog("orders", 7, 12.5)]

    async def backlog():
        return tuple(waiting)

    forget = PipelineMetrics(metrics).watch_outbox(backlog)
    await metrics.refresh()
    assert value(metrics, "conclave_outbox_pending_events", queue="orders") == 7
    assert value(metrics, "conclave_outbox_oldest_age_seconds", queue="orders") == 12.5

    waiting[:] = [Backlog("orders", 0, 0.0)]
    await metrics.refresh()
    assert value(metrics, "conclave_outbox_pending_events", queue="orders") == 0
    forget()


async def test_connections_are_told_apart_by_what_they_do():
    metrics = Metrics()
    PipelineMetrics(metrics).watch_connections(lambda: (4, 1))
    await metrics.refresh()
    assert risen(metrics, "conclave_database_connections") == {("idle",): 4, ("in_use",): 1}


def test_duplicates_and_what_was_taken_up_again_are_counted():
    metrics = Metrics()
    metrics.expect(queue="orders")
    pipeline = PipelineMetrics(metrics)
    pipeline.duplicate("orders")
    pipeline.recovered("request", 3)
    assert risen(metrics, "conclave_inbox_duplicates_total") == {("orders",): 1}
    assert risen(metrics, "conclave_reconciler_recovered_total") == {("request",): 3}
