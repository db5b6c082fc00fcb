import pytest

from app.domain.errors import TransportError
from app.messaging.transports.in_process import InProcessTransport
from app.observability.metrics.registry import Metrics
from app.observability.metrics.transport import MOST_QUEUES, MeteredTransport
from app.ports.queues import WorkQueue
from tests.contracts.test_transport import an_event
from tests.unit.observability.metrics.figures import risen, value

WORK = WorkQueue("work", ("market.bar.#",))


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def transport(metrics):
    return MeteredTransport(InProcessTransport(), metrics)


async def test_what_is_published_counts_for_the_feed_and_what_is_sent_for_its_queue(transport, metrics):
    await transport.publish(an_event(1), an_event(2))
    await transport.declare(WORK)
    await transport.send("work", an_event(3))

    assert risen(metrics, "conclave_bus_published_total") == {("feed",): 2, ("work",): 1}
    assert risen(metrics, "conclave_bus_confirm_duration_seconds_count") == {("feed",): 1, ("work",): 1}


async def test_what_was_not_taken_is_not_counted(transport, metrics):
    with pytest.raises(TransportError):
        await transport.publish(an_event(1), required=True)
    with pytest.raises(TransportError):
        await transport.send("nowhere", an_event(1))
    assert risen(metrics, "conclave_bus_published_total") == {}


async def test_a_queue_has_its_series_from_when_it_is_declared(transport, metrics):
    await transport.declare(WORK)
    assert value(metrics, "conclave_dead_letters_total", queue="work") == 0


async def test_there_is_an_end_to_the_queues_that_are_told_apart(transport, metrics):
    for number in range(MOST_QUEUES + 5):
        await transport.declare(WorkQueue(f"session-{number}"))
        await transport.send(f"session-{number}", an_event(number))
    assert risen(metrics, "conclave_bus_published_total")[("other",)] == 5


async def test_what_comes_again_and_what_is_given_up_are_counted(transport, metrics):
    async with transport.consume(WORK) as deliveries:
        await transport.publish(an_event(1))
        await (await anext(deliveries)).nack()
        again = await anext(deliveries)
        await again.nack(requeue=False, reason="no use")
        await transport.publish(an_event(2))
        await (await anext(deliveries)).ack()

    assert risen(metrics, "conclave_bus_redelivered_total") == {("work",): 1}
    assert risen(metrics, "conclave_dead_letters_total") == {("work",): 1}


async def test_a_request_and_its_reply_pass_through(transport, metrics):
    import asyncio

    async def answer():
        async with transport.consume(WORK) as deliveries:
            delivery = await anext(deliveries)
            assert delivery.wants_reply
            await delivery.reply(an_event(2))
            await delivery.ack()

    await transport.declare(WORK)
    answering = asyncio.create_task(answer())
    assert (await transport.request("work", an_event(1), 20)).seq == 2
    await answering
    assert risen(metrics, "conclave_bus_published_total") == {("work",): 1}
