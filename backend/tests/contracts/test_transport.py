"""What every transport promises."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from app.domain.errors import TransportError
from app.domain.events import Event, EventType
from app.messaging.codecs import EventCodec
from app.messaging.errors import (
    DeliveryLostError,
    MessageRefusedError,
    NoReplyError,
    QueueFullError,
    QueueSettingsError,
    UnroutableError,
)
from app.messaging.transports.in_process import InProcessTransport
from app.messaging.transports.rabbitmq import RabbitMqTransport
from app.observability.metrics.registry import Metrics
from app.observability.metrics.transport import MeteredTransport
from app.ports.queues import WorkQueue
from app.ports.transport import TransportState
from tests.builders import START

WORK = WorkQueue("work", ("market.bar.#",))


def an_event(seq=1, symbol="AAPL"):
    return Event(EventType.MARKET_UPDATE, {"n": seq}, START, symbol, seq=seq)


async def read(deliveries, count):
    return [(await anext(deliveries)).seq for _ in range(count)]


async def take(deliveries, count):
    return [(await anext(deliveries)).message.seq for _ in range(count)]


class SubscriptionContract:
    """Inherit and give a fixture `transport`."""

    async def test_events_arrive_in_publishing_order(self, transport):
        async with transport.subscribe("market.bar.#") as deliveries:
            for seq in range(5):
                await transport.publish(an_event(seq))
            assert await read(deliveries, 5) == [0, 1, 2, 3, 4]

    async def test_events_published_together_arrive_in_their_order(self, transport):
        async with transport.subscribe("#") as deliveries:
            await transport.publish(*map(an_event, range(300)))
            assert await read(deliveries, 300) == list(range(300))

    async def test_an_event_arrives_as_it_was_published(self, transport):
        event = Event(
            EventType.TOOL_EXECUTION, {"a": [1.5, None]}, START, "BRK.B", "role", "role_BRK.B", "id", "tool", 7
        )
        async with transport.subscribe("#") as deliveries:
            await transport.publish(event)
            arrived = await anext(deliveries)
        assert (arrived, arrived.message_id) == (event, event.message_id)

    async def test_only_matching_topics_arrive(self, transport):
        async with transport.subscribe("market.bar.MSFT") as deliveries:
            await transport.publish(an_event(1, "AAPL"))
            await transport.publish(an_event(2, "MSFT"))
            assert await read(deliveries, 1) == [2]

    async def test_every_subscriber_gets_every_event_once_however_patterns_overlap(self, transport):
        async with transport.subscribe("#") as first, transport.subscribe("market.#") as second:
            await transport.publish(an_event(7), an_event(8))
            assert await read(first, 2) == await read(second, 2) == [7, 8]

    async def test_a_subscriber_that_does_not_read_loses_its_oldest_events_and_they_are_counted(self, transport):
        async with transport.subscribe("#", capacity=3) as idle, transport.subscribe("#") as eager:
            for seq in range(10):
                await transport.publish(an_event(seq))
            assert await read(eager, 10) == list(range(10))
            assert (idle.dropped, transport.dropped) == (7, 7)
            assert await read(idle, 3) == [7, 8, 9]

    async def test_after_the_block_nothing_is_kept_for_the_subscriber(self, transport):
        async with transport.subscribe("#", capacity=1):
            pass
        await transport.publish(an_event(1), an_event(2))
        async with transport.subscribe("#") as deliveries:
            await transport.publish(an_event(3))
            assert await read(deliveries, 1) == [3]
        assert transport.dropped == 0

    async def test_publishing_to_nobody_is_fine_unless_a_taker_is_required(self, transport):
        await transport.publish(an_event(1))
        with pytest.raises(UnroutableError):
            await transport.publish(an_event(1), required=True)

    async def test_it_hears_for_those_who_subscribed_and_is_up_and_uninterrupted(self, transport):
        async with transport.subscribe("#") as deliveries:
            await transport.publish(an_event(1))
            await anext(deliveries)
            assert (transport.hears("market.bar.AAPL"), transport.state) == (True, TransportState.UP)
            assert deliveries.interruptions == 0


class QueueContract:
    """Inherit and give a fixture `transport`."""

    async def test_work_is_kept_until_somebody_consumes_it(self, transport):
        await transport.declare(WORK)
        await transport.publish(*map(an_event, range(3)), required=True)
        async with transport.consume(WORK) as deliveries:
            taken = [await anext(deliveries) for _ in range(3)]
        assert [(each.message.seq, each.redelivered) for each in taken] == [(0, False), (1, False), (2, False)]

    async def test_consumers_share_the_work_and_each_message_is_in_one_hand(self, transport):
        queue = WorkQueue("shared", ("#",), prefetch=1)
        async with transport.consume(queue) as first, transport.consume(queue) as second:
            await transport.publish(*map(an_event, range(4)))
            in_hand = [await anext(first), await anext(second)]
            assert sorted(each.message.seq for each in in_hand) == [0, 1]
            await in_hand[1].ack()
            assert await take(second, 1) == [2]

    async def test_what_is_acknowledged_does_not_come_again_and_what_is_not_does(self, transport):
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(1), an_event(2))
            await (await anext(deliveries)).ack()
            await anext(deliveries)
        async with transport.consume(WORK) as deliveries:
            again = await anext(deliveries)
            assert (again.message.seq, again.redelivered) == (2, True)

    async def test_a_refused_delivery_comes_back_marked(self, transport):
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(1))
            await (await anext(deliveries)).nack()
            again = await anext(deliveries)
            assert (again.message.seq, again.redelivered) == (1, True)

    async def test_settling_twice_does_nothing(self, transport):
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(1), an_event(2))
            delivery = await anext(deliveries)
            await delivery.ack()
            await delivery.nack()
            await delivery.ack()
            assert (await anext(deliveries)).message.seq == 2

    async def test_what_comes_back_too_often_becomes_a_dead_letter(self, transport):
        queue = WorkQueue("fragile", ("#",), returns=2)
        async with transport.consume(queue) as deliveries, transport.dead_letters("fragile") as letters:
            await transport.publish(an_event(1))
            for _ in range(3):
                await (await anext(deliveries)).nack()
            letter = (await anext(letters)).message
        assert (letter.queue, letter.reason, letter.message) == ("fragile", "delivery_limit", an_event(1))
        assert letter.topic == "market.bar.AAPL"

    async def test_what_is_given_up_becomes_a_dead_letter_with_the_reason_until_that_is_settled(self, transport):
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(1), an_event(2))
            await (await anext(deliveries)).nack(requeue=False, reason="no such account")
            async with transport.dead_letters("work") as letters:
                letter = await anext(letters)
                assert (letter.message.reason, letter.message.message) == ("no such account", an_event(1))
                assert letter.message.topic == "market.bar.AAPL"
            async with transport.dead_letters("work") as letters:
                await (await anext(letters)).ack()
                await (await anext(deliveries)).nack(requeue=False, reason="later")
                assert (await anext(letters)).message.reason == "later"

    async def test_a_dead_letter_can_be_tried_again(self, transport):
        async with transport.consume(WORK) as deliveries, transport.dead_letters("work") as letters:
            await transport.publish(an_event(1))
            await (await anext(deliveries)).nack(requeue=False)
            letter = await anext(letters)
            await transport.send("work", letter.message.message)
            await letter.ack()
            assert (await anext(deliveries)).message == an_event(1)

    async def test_a_consumer_holds_no_more_than_its_prefetch(self, transport):
        queue = WorkQueue("small", ("#",), prefetch=2)
        async with transport.consume(queue) as greedy:
            await transport.publish(*map(an_event, range(3)))
            first, _ = await anext(greedy), await anext(greedy)
            async with transport.consume(queue) as other:
                assert (await anext(other)).message.seq == 2
            await first.ack()

    async def test_where_one_consumer_works_at_a_time_the_other_takes_over_in_order(self, transport):
        queue = WorkQueue("ordered", ("#",), one_consumer=True)
        async with AsyncExitStack() as leaving:
            first = await leaving.enter_async_context(transport.consume(queue))
            async with transport.consume(queue) as second:
                await transport.publish(*map(an_event, range(3)))
                assert await take(first, 3) == [0, 1, 2]
                await leaving.aclose()
                assert await take(second, 3) == [0, 1, 2]

    async def test_a_full_queue_refuses(self, transport):
        await transport.declare(WorkQueue("tiny", ("#",), max_length=2))
        with pytest.raises(QueueFullError):
            for seq in range(200):
                await transport.publish(an_event(seq))

    async def test_a_message_can_be_sent_to_one_queue_by_name(self, transport):
        await transport.declare(WORK, WorkQueue("other", ("#",)))
        await transport.send("work", an_event(1))
        await transport.publish(an_event(2))
        async with transport.consume(WorkQueue("other", ("#",))) as others, transport.consume(WORK) as deliveries:
            assert (await anext(others)).message.seq == 2
            assert await take(deliveries, 2) == [1, 2]

    async def test_sending_to_a_queue_that_is_not_there_fails(self, transport):
        with pytest.raises(UnroutableError, match="nowhere"):
            await transport.send("nowhere", an_event(1))

    async def test_a_queue_cannot_be_declared_with_other_settings(self, transport):
        await transport.declare(WORK)
        await transport.declare(WORK)
        with pytest.raises(QueueSettingsError, match="work"):
            await transport.declare(WorkQueue("work", ("market.bar.#",), returns=1))

    async def test_how_much_a_consumer_takes_at_a_time_is_its_own_affair(self, transport):
        await transport.declare(WorkQueue("shared", ("#",), prefetch=100))
        async with transport.consume(WorkQueue("shared", ("#",), prefetch=1)) as deliveries:
            await transport.publish(an_event(1), an_event(2))
            first, second = await anext(deliveries), asyncio.create_task(anext(deliveries))
            await asyncio.wait([second], timeout=0.2)
            assert not second.done()
            await first.ack()
            assert (await second).message.seq == 2

    async def test_a_request_gets_its_own_answer(self, transport):
        async def answer(deliveries):
            held = [await anext(deliveries) for _ in range(3)]
            for delivery in reversed(held):
                await delivery.reply(an_event(delivery.message.seq + 100))
                await delivery.ack()

        async with transport.consume(WORK) as deliveries, asyncio.TaskGroup() as tasks:
            tasks.create_task(answer(deliveries))
            replies = await asyncio.gather(*(transport.request("work", an_event(seq), 10) for seq in range(3)))
        assert [reply.seq for reply in replies] == [100, 101, 102]

    async def test_a_request_that_nobody_answers_fails_in_time_and_expires(self, transport):
        await transport.declare(WORK)
        with pytest.raises(NoReplyError, match="work"):
            await transport.request("work", an_event(1), 0.05)
        async with transport.dead_letters("work") as letters:
            assert (await anext(letters)).message.reason == "expired"
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(2))
            assert (await anext(deliveries)).message.seq == 2

    async def test_a_request_to_a_queue_that_is_not_there_fails_at_once(self, transport):
        with pytest.raises(UnroutableError):
            await transport.request("nowhere", an_event(1), 10)

    async def test_an_answer_that_comes_too_late_is_nobodys_error(self, transport):
        async with transport.consume(WORK) as deliveries:
            asking = asyncio.create_task(transport.request("work", an_event(1), 10))
            delivery = await anext(deliveries)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await delivery.reply(an_event(2))
            await delivery.ack()
            again = asyncio.create_task(transport.request("work", an_event(3), 10))
            delivery = await anext(deliveries)
            await delivery.reply(an_event(4))
            await delivery.ack()
            assert (await again).seq == an_event(4).seq

    async def test_what_was_no_request_cannot_be_answered(self, transport):
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(1))
            with pytest.raises(MessageRefusedError):
                await (await anext(deliveries)).reply(an_event(2))

    async def test_a_delivery_of_a_consumer_that_left_cannot_be_settled(self, transport):
        async with transport.consume(WORK) as deliveries:
            await transport.publish(an_event(1))
            delivery = await anext(deliveries)
        with pytest.raises(DeliveryLostError):
            await delivery.ack()
        assert issubclass(DeliveryLostError, TransportError)


class TestInProcess(SubscriptionContract, QueueContract):
    @pytest.fixture
    def transport(self):
        return InProcessTransport()


class TestMetered(SubscriptionContract, QueueContract):
    @pytest.fixture
    def transport(self):
        return MeteredTransport(InProcessTransport(), Metrics())


class TestRabbitMq(SubscriptionContract, QueueContract):
    @pytest.fixture
    async def transport(self, rabbitmq_url, rabbitmq_prefix):
        async with RabbitMqTransport(rabbitmq_url, EventCodec(), namespace=f"{rabbitmq_prefix}conclave") as transport:
            yield transport
