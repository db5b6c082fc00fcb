"""What every transport promises."""

import pytest

from app.domain.events import Event, EventType
from app.messaging.transports.in_process import InProcessTransport
from tests.builders import START


def an_event(seq=1, symbol="AAPL"):
    return Event(EventType.MARKET_UPDATE, {"n": seq}, START, symbol, seq=seq)


class TransportContract:
    """Inherit and give a fixture `transport`."""

    async def test_events_arrive_in_publishing_order(self, transport):
        async with transport.subscribe("market.bar.#") as deliveries:
            for seq in range(5):
                await transport.publish(an_event(seq))
            assert [(await anext(deliveries)).seq for _ in range(5)] == [0, 1, 2, 3, 4]

    async def test_only_matching_topics_arrive(self, transport):
        async with transport.subscribe("market.bar.MSFT") as deliveries:
            await transport.publish(an_event(1, "AAPL"))
            await transport.publish(an_event(2, "MSFT"))
            assert (await anext(deliveries)).seq == 2

    async def test_every_subscriber_gets_every_event(self, transport):
        async with transport.subscribe("#") as first, transport.subscribe("#") as second:
            await transport.publish(an_event(7))
            assert (await anext(first)).seq == (await anext(second)).seq == 7

    async def test_a_subscriber_that_does_not_read_loses_its_oldest_events_and_they_are_counted(self, transport):
        async with transport.subscribe("#", capacity=3) as idle, transport.subscribe("#") as eager:
            for seq in range(10):
                await transport.publish(an_event(seq))
            assert [(await anext(eager)).seq for _ in range(10)] == list(range(10))
            assert (idle.dropped, transport.dropped) == (7, 7)
            assert [(await anext(idle)).seq for _ in range(3)] == [7, 8, 9]

    async def test_after_the_block_nothing_is_kept_for_the_subscriber(self, transport):
        async with transport.subscribe("#", capacity=1):
            pass
        await transport.publish(an_event(1))
        await transport.publish(an_event(2))
        assert transport.dropped == 0

    async def test_publishing_to_nobody_is_fine(self, transport):
        await transport.publish(an_event(1))
        async with transport.subscribe("#") as deliveries:
            await transport.publish(an_event(2))
            assert (await anext(deliveries)).seq == 2


class TestInProcess(TransportContract):
    @pytest.fixture
    def transport(self):
        return InProcessTransport()
