import asyncio

import pytest

from app.domain.errors import InvalidInputError, TransportError
from app.domain.events import Event, EventType
from app.messaging.starting import stop
from app.messaging.transports.in_process import InProcessTransport
from app.messaging.worker import Worker
from app.ports.queues import WorkQueue
from tests.builders import START

QUEUE = WorkQueue("work", ("#",))


def an_event(seq, symbol="AAPL"):
    return Event(EventType.MARKET_UPDATE, {}, START, symbol, seq=seq)


def symbol_of(event):
    return event.symbol


class Desk:
    """A handler whose work a test holds up and lets go, symbol by symbol."""

    def __init__(self):
        self.begun = asyncio.Queue()
        self.ended = []
        self.gates = {}

    async def __call__(self, event):
        self.begun.put_nowait(event.seq)
        await self.gates.setdefault(event.symbol, asyncio.Event()).wait()
        self.ended.append(event.seq)

    def let_go(self, symbol):
        self.gates.setdefault(symbol, asyncio.Event()).set()


@pytest.fixture
def transport():
    return InProcessTransport()


@pytest.fixture
async def work(transport):
    """Start a worker on the queue; all are stopped in the end."""
    tasks = []

    async def begin(handler, **others):
        async def run(ready):
            async with transport.consume(QUEUE) as deliveries:
                ready.set()
                await Worker(handler, symbol_of, **others).run(deliveries)

        ready = asyncio.Event()
        tasks.append(asyncio.create_task(run(ready)))
        await ready.wait()
        return tasks[-1]

    yield begin
    await stop(*tasks)


async def test_different_keys_are_worked_on_at_once_and_one_key_in_order(transport, work):
    desk = Desk()
    await work(desk)
    await transport.publish(an_event(1, "A"), an_event(2, "A"), an_event(3, "B"), an_event(4, "A"))
    assert {await desk.begun.get(), await desk.begun.get()} == {1, 3}
    desk.let_go("A")
    assert [await desk.begun.get(), await desk.begun.get()] == [2, 4]
    assert 3 not in desk.ended
    desk.let_go("B")


async def test_what_is_done_does_not_come_again(transport, work):
    desk = Desk()
    desk.let_go("AAPL")
    task = await work(desk)
    await transport.publish(an_event(1), an_event(2))
    assert [await desk.begun.get(), await desk.begun.get()] == [1, 2]
    await stop(task)
    await transport.publish(an_event(3))
    async with transport.consume(QUEUE) as deliveries:
        assert (await anext(deliveries)).message.seq == 3


async def test_a_handler_that_fails_is_tried_again_before_anything_overtakes_it(transport, work):
    seen, pauses, done = [], [], asyncio.Event()

    async def sleep(seconds):
        pauses.append(seconds)

    def stumble(event):
        seen.append(event.seq)
        if seen.count(1) < 3:
            raise ValueError("not yet")
        if event.seq == 2:
            done.set()

    await work(stumble, pause=lambda failures: failures / 10, sleep=sleep)
    await transport.publish(an_event(1), an_event(2))
    await done.wait()
    assert (seen, pauses) == ([1, 1, 1, 2], [0.1, 0.2])


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("a secret"), "ValueError"), (InvalidInputError("The account is unknown."), "The account is unknown.")],
)
async def test_after_the_last_try_it_is_a_dead_letter_with_the_kind_of_error_and_the_next_goes_on(
    transport, work, error, reason
):
    handled = asyncio.Event()

    def refuse(event):
        if event.seq == 1:
            raise error
        handled.set()

    await work(refuse, tries=1)
    async with transport.dead_letters("work") as letters:
        await transport.publish(an_event(1), an_event(2))
        letter = (await anext(letters)).message
    await handled.wait()
    assert (letter.message.seq, letter.reason) == (1, reason)


async def test_a_message_without_a_key_is_a_dead_letter_and_stops_nothing(transport):
    handled = asyncio.Event()

    def key(event):
        return {"B": 1}[event.symbol]

    async with transport.consume(QUEUE) as deliveries, transport.dead_letters("work") as letters:
        task = asyncio.create_task(Worker(lambda event: handled.set(), key).run(deliveries))
        await transport.publish(an_event(1, "A"), an_event(2, "B"))
        assert (await anext(letters)).message.reason == "KeyError"
        await handled.wait()
        await stop(task)


async def test_a_worker_that_is_stopped_finishes_what_runs_and_begins_nothing(transport, work):
    desk = Desk()
    task = await work(desk)
    await transport.publish(an_event(1), an_event(2))
    await desk.begun.get()
    task.cancel()
    desk.let_go("AAPL")
    await asyncio.gather(task, return_exceptions=True)
    assert desk.ended == [1]
    async with transport.consume(QUEUE) as deliveries:
        left = await anext(deliveries)
        assert (left.message.seq, left.redelivered) == (2, True)


async def test_a_handler_that_does_not_finish_within_the_grace_is_cut_off_and_its_work_comes_again(transport, work):
    desk = Desk()
    task = await work(desk, grace_s=0.01)
    await transport.publish(an_event(1))
    await desk.begun.get()
    await stop(task)
    assert desk.ended == []
    async with transport.consume(QUEUE) as deliveries:
        assert (await anext(deliveries)).redelivered


async def test_a_delivery_that_cannot_be_settled_is_left_to_come_again():
    settled = asyncio.Event()

    class Lost:
        message = an_event(1)

        async def ack(self):
            raise TransportError("gone")

        async def nack(self):
            settled.set()
            raise TransportError("gone")

    async def one():
        yield Lost()
        await asyncio.Event().wait()

    handled = []
    task = asyncio.create_task(Worker(handled.append, symbol_of).run(one()))
    await settled.wait()
    await stop(task)
    assert handled == [Lost.message]


async def test_what_a_handler_returns_is_the_answer_to_a_request_and_nothing_else(transport, work):
    async def answer(event):
        return event._replace(seq=event.seq + 100)

    await work(answer, replies=True)
    await transport.publish(an_event(1))
    assert (await transport.request("work", an_event(2), 10)).seq == 102
