"""Queues, writers and topics of clients."""

import asyncio

import pytest

from app.websockets.connections import Audience, Client


class Line:
    """What was sent over a connection; it can be held up."""

    def __init__(self):
        self.sent, self.open = [], asyncio.Event()
        self.open.set()
        self.arrived = asyncio.Condition()

    async def send(self, message):
        await self.open.wait()
        async with self.arrived:
            self.sent.append(message["n"])
            self.arrived.notify_all()

    async def has(self, count):
        async with self.arrived, asyncio.timeout(5):
            await self.arrived.wait_for(lambda: len(self.sent) >= count)


def a_message(number):
    return {"n": number}


async def written(client):
    return asyncio.create_task(client.write())


async def test_messages_are_sent_in_order_and_each_once():
    line = Line()
    client = Client(line.send, backlog=10)
    writer = await written(client)
    for number in range(5):
        assert client.offer(a_message(number))
    await line.has(5)
    assert client.offer(a_message(5))
    await line.has(6)
    writer.cancel()

    assert line.sent == list(range(6))


async def test_a_full_queue_takes_nothing_more():
    client = Client(Line().send, backlog=3)

    assert [client.offer(a_message(number)) for number in range(5)] == [True, True, True, False, False]


async def test_a_client_is_stuck_when_two_beats_bring_nothing():
    line = Line()
    client = Client(line.send, backlog=10)
    assert not any(client.is_stuck() for _ in range(5))
    client.offer(a_message(0))
    client.sent = 1
    assert [client.is_stuck() for _ in range(3)] == [False, False, True]


async def test_the_first_reason_to_end_counts():
    client = Client(Line().send, backlog=1)
    client.end(1013)
    client.end(1012)

    assert client.ended.result() == 1013


async def test_offering_after_the_writer_was_stopped_harms_nobody():
    client = Client(Line().send, backlog=10)
    writer = await written(client)
    await asyncio.wait([writer], timeout=0)
    writer.cancel()

    assert client.offer(a_message(1))
    with pytest.raises(asyncio.CancelledError):
        await writer


async def test_an_audience_finds_each_client_once_whatever_matches():
    audience = Audience()
    everything, two, none = (Client(Line().send, backlog=1) for _ in range(3))
    for client, topics in ((everything, {"*"}), (two, {"alert", "symbol:A"}), (none, set())):
        client.topics = topics
        audience.join(client)

    assert audience.interested(["*", "alert", "symbol:A"]) == {everything, two}
    assert audience.interested(["symbol:B"]) == set()
    audience.change(two, {"symbol:B"})
    assert audience.interested(["symbol:B", "alert"]) == {two}
    audience.leave(two)
    audience.leave(two)
    assert audience.interested(["symbol:B"]) == set()
    assert audience.members == {everything, none}
