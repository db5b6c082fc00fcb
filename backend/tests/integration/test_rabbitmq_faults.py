"""What goes wrong at a broker that is up: queues deleted, consumers gone, channels closed, bodies nobody can read."""

import asyncio
import json
import socket

import aio_pika
import pytest
import structlog

from app.domain.errors import InvalidInputError
from app.messaging.codecs import EventCodec
from app.messaging.errors import DeliveryLostError, QueueSettingsError, TransportUnavailableError
from app.messaging.parcels import LARGEST_BODY, MessageRefusedError
from app.messaging.rabbitmq.address import broker_address
from app.messaging.rabbitmq.consumer import Consumer, Plan
from app.messaging.rabbitmq.link import Link
from app.messaging.rabbitmq.topology import Topology
from app.messaging.starting import stop
from app.messaging.transports.rabbitmq import RabbitMqTransport
from app.messaging.worker import Worker
from app.ports.queues import WorkQueue
from app.ports.transport import TransportState
from tests.integration.rabbitmq_scene import a_transport, an_event, at_once, bare_channel

WORK = WorkQueue("work", ("market.#",))


@pytest.fixture
def namespace(rabbitmq_prefix):
    return f"{rabbitmq_prefix}conclave"


@pytest.fixture
async def transport(rabbitmq_url, namespace):
    async with a_transport(rabbitmq_url, namespace) as transport:
        yield transport


async def test_a_consumer_comes_back_when_its_queue_is_deleted_under_it(transport, rabbitmq_url, namespace):
    async with transport.consume(WORK) as deliveries, bare_channel(rabbitmq_url) as channel:
        for seq in range(3):
            await channel.queue_delete(f"{namespace}.work")
            await transport.publish(an_event(seq))
            delivery = await anext(deliveries)
            await delivery.ack()
            assert delivery.message.seq == seq


async def test_a_queue_that_was_deleted_is_made_again_rather_than_losing_what_is_published(
    transport, rabbitmq_url, namespace
):
    await transport.declare(WORK)
    async with bare_channel(rabbitmq_url) as channel:
        await channel.queue_delete(f"{namespace}.work")
    await transport.publish(*map(an_event, range(50)))
    await transport.send("work", an_event(50))
    async with transport.consume(WORK) as deliveries:
        assert [(await anext(deliveries)).message.seq for _ in range(51)] == list(range(51))


async def test_an_exchange_that_was_deleted_is_made_again(transport, rabbitmq_url, namespace):
    await transport.declare(WORK)
    await transport.publish(an_event(1))
    async with bare_channel(rabbitmq_url) as channel:
        await channel.exchange_delete(f"{namespace}.events")
    await transport.publish(an_event(2))
    async with transport.consume(WORK) as deliveries:
        assert [(await anext(deliveries)).message.seq for _ in range(2)] == [1, 2]


class ConsumerScene:
    """One consumer of our own making, so that a test can reach what a transport hides."""

    def __init__(self, url, namespace, properties=None):
        self.link = Link(broker_address(url), "scene", at_once, properties)
        self.topology = Topology(namespace)
        self.arrived = asyncio.Queue()
        plan = Plan("scene", self.set_up, self.take, lambda session: None, prefetch=10)
        self.consumer = Consumer(self.link, plan, watch_s=0.05, pause=at_once)

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(part.run()) for part in (self.link, self.consumer)]
        await self.consumer.is_attached.wait()
        return self

    async def __aexit__(self, *_exc):
        await stop(*reversed(self.tasks))

    async def set_up(self, connection, channel):
        await self.topology.declare(connection, WORK)
        return self.topology.name_of("work")

    async def take(self, session, delivered):
        session.note(delivered)
        self.arrived.put_nowait((session, delivered))


async def test_a_consumer_that_went_away_silently_is_noticed_and_set_up_again(transport, rabbitmq_url, namespace):
    silent = {"capabilities": {"publisher_confirms": True, "basic.nack": True, "consumer_cancel_notify": False}}
    async with ConsumerScene(rabbitmq_url, namespace, silent) as scene, bare_channel(rabbitmq_url) as channel:
        first = scene.consumer.session
        await channel.queue_delete(f"{namespace}.work")
        async with asyncio.timeout(10):
            await first.ended.wait()
            await scene.consumer.is_attached.wait()
            await transport.publish(an_event(1), required=True)
            session, _ = await scene.arrived.get()
        assert session is not first


async def test_a_channel_that_the_broker_closed_is_opened_again_and_its_work_comes_again(
    transport, rabbitmq_url, namespace
):
    async with ConsumerScene(rabbitmq_url, namespace) as scene:
        await transport.publish(an_event(1), required=True)
        session, delivered = await scene.arrived.get()
        await session.channel.basic_ack(99, wait=False)
        async with asyncio.timeout(10):
            _, again = await scene.arrived.get()
        assert (delivered.redelivered, again.redelivered) == (False, True)
        with pytest.raises(DeliveryLostError):
            await session.settle(delivered.delivery_tag, ack=True)


async def test_watching_leaves_no_channels_behind(rabbitmq_url, namespace):
    async with ConsumerScene(rabbitmq_url, namespace) as scene:
        connection = await scene.link.connection()
        for _ in range(20):
            assert await scene.consumer.session.fault(may_wait=False, may_be_quiet=True) is None
        assert len(connection.channels) <= 2


async def test_messages_that_nobody_can_read_become_dead_letters_with_the_reason(transport, rabbitmq_url, namespace):
    good = EventCodec().pack(an_event(1))
    unreadable = [
        ("Unheard", good.body, "This message class is not registered"),
        ("EventMessage", b"not json", "The body is no EventMessage: body json_invalid"),
        ("EventMessage", json.dumps({"type": "gossip", "data": {}}).encode(), "type enum"),
        (None, good.body, "This message class is not registered"),
    ]
    async with transport.consume(WORK) as deliveries, transport.dead_letters("work") as letters:
        async with bare_channel(rabbitmq_url) as channel:
            exchange = await channel.get_exchange(f"{namespace}.events")
            for kind, body, _ in unreadable:
                await exchange.publish(aio_pika.Message(body, type=kind), routing_key="market.bar.AAPL")
        for _, body, reason in unreadable:
            letter = await anext(letters)
            await letter.ack()
            assert reason in letter.message.reason
            assert (letter.message.message, letter.message.body) == (None, body)
            assert letter.message.topic == "market.bar.AAPL"
        await transport.publish(an_event(2))
        assert (await anext(deliveries)).message.seq == 2


async def test_a_subscriber_is_not_disturbed_by_what_it_cannot_read(transport, rabbitmq_url, namespace):
    async with transport.subscribe("#") as deliveries, bare_channel(rabbitmq_url) as channel:
        exchange = await channel.get_exchange(f"{namespace}.events")
        await exchange.publish(aio_pika.Message(b"junk", type="EventMessage"), routing_key="market.bar.AAPL")
        await transport.publish(an_event(1))
        assert (await anext(deliveries)).seq == 1


async def test_an_event_with_fields_of_a_newer_version_is_read(transport, rabbitmq_url, namespace):
    fields = {**json.loads(EventCodec().pack(an_event(5)).body), "schema_version": 2, "mood": "new"}
    async with transport.subscribe("#") as deliveries, bare_channel(rabbitmq_url) as channel:
        exchange = await channel.get_exchange(f"{namespace}.events")
        message = aio_pika.Message(json.dumps(fields).encode(), type="EventMessage")
        await exchange.publish(message, routing_key="market.bar.AAPL")
        assert await anext(deliveries) == an_event(5)


async def test_messages_of_one_key_are_handled_in_order_whatever_their_number(transport):
    done, per_symbol = asyncio.Event(), {}

    async def handle(event):
        per_symbol.setdefault(event.symbol, []).append(event.seq)
        done.set() if sum(map(len, per_symbol.values())) == 300 else None

    async with transport.consume(WORK) as deliveries:
        working = asyncio.create_task(Worker(handle, lambda event: event.symbol).run(deliveries))
        await transport.publish(*(an_event(seq, f"S{seq % 7}") for seq in range(300)))
        await done.wait()
        await stop(working)
    assert per_symbol == {f"S{rest}": list(range(rest, 300, 7)) for rest in range(7)}


async def test_the_same_event_published_twice_at_once_arrives_under_one_id(transport):
    async with transport.consume(WORK) as deliveries:
        await asyncio.gather(*(transport.publish(an_event(1)) for _ in range(3)))
        ids = {(await anext(deliveries)).message.message_id for _ in range(3)}
    assert ids == {an_event(1).message_id}


async def test_hundreds_of_publishers_at_once_each_learn_what_became_of_their_message(transport):
    await transport.declare(WORK)
    endings = await asyncio.gather(
        *(transport.send("work" if seq % 2 else "nowhere", an_event(seq)) for seq in range(400)),
        return_exceptions=True,
    )
    assert [ending is None for ending in endings] == [bool(seq % 2) for seq in range(400)]


async def test_what_is_too_large_or_has_too_long_a_topic_is_refused_before_it_is_sent(transport):
    huge = an_event()._replace(data={"text": "x" * LARGEST_BODY})
    with pytest.raises(MessageRefusedError, match="too large"):
        await transport.publish(huge)
    with pytest.raises(MessageRefusedError, match="255"):
        await transport.publish(an_event(symbol="A" * 300))
    with pytest.raises(MessageRefusedError, match="JSON"):
        await transport.publish(an_event()._replace(data={"what": object()}))


async def test_a_queue_with_other_settings_at_the_broker_is_refused_to_whoever_comes_second(
    transport, rabbitmq_url, namespace
):
    await transport.declare(WORK)
    async with a_transport(rabbitmq_url, namespace) as other:
        with pytest.raises(QueueSettingsError, match="work"):
            async with other.consume(WorkQueue("work", ("market.#",), returns=1)):
                pass
        await other.publish(an_event(1))


async def test_two_processes_share_work_and_hear_the_same(transport, rabbitmq_url, namespace):
    async with (
        a_transport(rabbitmq_url, namespace) as other,
        other.subscribe("#") as there,
        transport.subscribe("#") as here,
        other.consume(WORK) as deliveries,
    ):
        await transport.publish(an_event(1))
        assert (await anext(here)).seq == (await anext(there)).seq == (await anext(deliveries)).message.seq == 1


class TestWithoutABroker:
    """It starts all the same, says what is wrong, and shows no password."""

    @pytest.fixture
    def dead_url(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            yield f"amqp://conclave:hunter2@127.0.0.1:{probe.getsockname()[1]}/"

    async def test_consumers_and_subscribers_begin_and_publishers_are_refused(self, dead_url):
        async with (
            a_transport(dead_url, timeout_s=0.2) as transport,
            transport.subscribe("#"),
            transport.consume(WORK),
        ):
            with pytest.raises(TransportUnavailableError, match="nothing listens there"):
                await transport.publish(an_event(1))
            with pytest.raises(TransportUnavailableError, match="will be, once it is up"):
                await transport.declare(WorkQueue("later"))
            assert transport.state is TransportState.DOWN
            assert "nothing listens there" in transport.describe()

    async def test_no_word_of_it_shows_the_password(self, dead_url, caplog):
        with structlog.testing.capture_logs() as logs:
            async with a_transport(dead_url, timeout_s=0.1) as transport:
                with pytest.raises(TransportUnavailableError) as refused:
                    await transport.publish(an_event(1))
        told = f"{logs}{caplog.text}{refused.value!r}{transport.describe()}{transport!r}{vars(transport)}"
        assert "hunter2" not in told

    @pytest.mark.parametrize("url", ["http://user:hunter2@host/", "amqp://", "amqp://u:hunter2@host:no/", "hunter2"])
    def test_what_is_no_broker_url_is_refused_without_showing_it(self, url):
        with pytest.raises(InvalidInputError, match="RABBITMQ_URL") as refused:
            RabbitMqTransport(url, EventCodec())
        assert "hunter2" not in str(refused.value)


async def test_a_wrong_password_is_told_as_such(rabbitmq_url, namespace):
    url = str(broker_address(rabbitmq_url).with_password("hunter2"))
    async with a_transport(url, namespace, timeout_s=2.0) as transport:
        with pytest.raises(TransportUnavailableError, match="refuses the user, the password") as refused:
            await transport.publish(an_event(1))
        assert "hunter2" not in str(refused.value)


async def test_consumers_that_come_and_go_while_they_are_watched_cost_nobody_the_connection(rabbitmq_url, namespace):
    async with a_transport(rabbitmq_url, namespace, watch_s=0.001) as transport, transport.subscribe("#") as feed:
        for _ in range(30):
            async with transport.dead_letters("work"), transport.consume(WORK) as deliveries:
                await transport.publish(an_event(1))
                await (await anext(deliveries)).ack()
        assert (feed.interruptions, transport.state) == (0, TransportState.UP)
