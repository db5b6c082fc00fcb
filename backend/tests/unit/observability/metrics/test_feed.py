from time import perf_counter

import pytest

from app.observability.metrics.feed import EVERY, FeedMetrics, MeteredFeed
from app.observability.metrics.registry import Metrics
from app.observability.metrics.stamps import AT
from tests.unit.observability.metrics.figures import risen, value


@pytest.fixture
def metrics():
    return Metrics()


async def ignored(_message):
    pass


async def test_a_client_is_counted_while_it_is_there_however_it_leaves(metrics):
    seen = []

    async def app(scope, receive, send):
        seen.append(value(metrics, "conclave_stream_clients", transport="websocket"))
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await MeteredFeed(app, FeedMetrics(metrics))({}, ignored, ignored)
    assert seen == [1]
    assert value(metrics, "conclave_stream_clients", transport="websocket") == 0


@pytest.mark.parametrize(("messages", "timed"), [(0, 0), (1, 1), (EVERY, 1), (EVERY + 1, 2), (5 * EVERY, 5)])
async def test_of_each_client_the_first_event_and_every_sixteenth_are_timed(metrics, messages, timed):
    async def app(scope, receive, send):
        await send({"type": "websocket.accept"})
        for _ in range(messages):
            await send({"type": "websocket.send", "text": "{}", AT: perf_counter() - 3.0})
        await send({"type": "websocket.send", "text": "pong"})

    await MeteredFeed(app, FeedMetrics(metrics))({}, ignored, ignored)

    name = "conclave_stream_delivery_delay_seconds"
    assert value(metrics, f"{name}_count", transport="websocket") == timed
    assert value(metrics, f"{name}_bucket", transport="websocket", le="1.0") == 0
    assert value(metrics, f"{name}_sum", transport="websocket") >= 3.0 * timed


def test_who_is_cut_off_and_who_is_turned_away_are_counted(metrics):
    figures = FeedMetrics(metrics)
    figures.cut_off("stalled")
    figures.turned_away()
    assert risen(metrics, "conclave_stream_evictions_total") == {("stalled", "websocket"): 1}
    assert risen(metrics, "conclave_rate_limited_total") == {("feed",): 1}
