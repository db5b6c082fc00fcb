"""Messages: within one process, and between processes over RabbitMQ against bare aio-pika on the same queue."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import uvloop

from app.domain.events import Event, EventType
from app.events.agent_event_bus import AgentEventBus
from app.messaging.codecs import EventCodec
from app.messaging.starting import stop
from app.messaging.transports.rabbitmq import RabbitMqTransport
from app.messaging.worker import Worker
from app.ports.queues import WorkQueue
from bench.floor_rabbitmq import BareClient, in_flight
from bench.measure import Row, median, median_ratio

ROUNDS: Final = 7
SUBSCRIBERS, PUBLISHED, PUBLISH_BAR = 10, 100_000, 150_000
MESSAGES, IN_FLIGHT, CPU_BAR = 4_000, 200, 1.25
REQUESTS, ASKED_AT_ONCE, RATE_BAR = 2_000, 32, 0.85

NOON: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)

Work = Callable[[], Awaitable[None]]


def rows() -> list[Row]:
    """Measure the bus of one process, and the broker where there is one."""
    found = [uvloop.run(_in_process())]
    url = os.environ.get("CONCLAVE_BENCH_RABBITMQ_URL")
    if not url:
        return [*found, Row("messages over RabbitMQ", "not measured", "RABBITMQ_URL is not set", "", "≤ 1.25", None)]
    return [*found, *uvloop.run(_over_rabbitmq(url))]


def an_event(seq: int) -> Event:
    """An event that makes a body of about 400 bytes."""
    data = {"price": 101.25, "volume": 12_000, "source": "simulated exchange"}
    return Event(EventType.MARKET_UPDATE, data, NOON, "AAPL", "market_analyst", "market_analyst_AAPL", seq=seq + 1)


async def _in_process() -> Row:
    """Publish over the bus while every subscriber reads; what counts is processor time, so that neighbours do not."""
    async with AgentEventBus() as bus, AsyncExitStack() as stack:
        read = [await stack.enter_async_context(bus.subscribe("#", PUBLISHED)) for _ in range(SUBSCRIBERS)]
        rates = [await _published_per_second(bus, read) for _ in range(ROUNDS)]
    rate, what = median(rates), f"events published in process, {SUBSCRIBERS} subscribers reading"
    return Row(what, f"{rate:,.0f}/s", "processor time", "", f"≥ {PUBLISH_BAR:,}", rate >= PUBLISH_BAR)


async def _published_per_second(bus: AgentEventBus, subscribers: list[AsyncIterator[Event]]) -> float:
    async def read(deliveries: AsyncIterator[Event]) -> None:
        for _ in range(PUBLISHED):
            await anext(deliveries)

    events = [an_event(seq) for seq in range(1_000)]
    started = time.process_time()
    async with asyncio.TaskGroup() as readers:
        for subscriber in subscribers:
            readers.create_task(read(subscriber))
        for place in range(PUBLISHED):
            await bus.publish(events[place % 1_000])
            if place % 100 == 0:
                await asyncio.sleep(0)
    return PUBLISHED / (time.process_time() - started)


async def _over_rabbitmq(url: str) -> list[Row]:
    namespace = f"bench-{uuid4().hex[:8]}"
    queue = WorkQueue("work", ("market.#",))
    parcel = EventCodec().pack(an_event(0))
    async with AsyncExitStack() as stack:
        transport = await stack.enter_async_context(RabbitMqTransport(url, EventCodec(), namespace=namespace))
        await transport.declare(queue)
        bare = await stack.enter_async_context(BareClient.at(url, f"{namespace}.events", parcel.topic, parcel.body))
        stack.push_async_callback(_remove, bare, namespace)
        ours = Ours(AgentEventBus(transport), transport, queue)
        found = await _publishing_and_consuming(ours, bare, f"{namespace}.work", len(parcel.body))
        return [*found, await _asking(ours, bare, f"{namespace}.work")]


class Ours:
    """The same work as `BareClient` does, by what the desk uses."""

    def __init__(self, bus: AgentEventBus, transport: RabbitMqTransport[Event], queue: WorkQueue) -> None:
        self._bus = bus
        self._transport = transport
        self._queue = queue
        self._events = [an_event(seq) for seq in range(MESSAGES)]

    async def publish(self) -> None:
        """Publish with IN_FLIGHT confirms in flight."""
        for place in range(0, MESSAGES, IN_FLIGHT):
            await self._bus.publish(*self._events[place : place + IN_FLIGHT])

    async def consume(self) -> None:
        """Take the events and acknowledge each."""
        async with self._transport.consume(self._queue) as deliveries:
            for _ in range(MESSAGES):
                await (await anext(deliveries)).ack()

    async def ask(self) -> None:
        """Send requests with ASKED_AT_ONCE in flight."""
        event = an_event(0)
        await in_flight(REQUESTS, ASKED_AT_ONCE, lambda: self._transport.request(self._queue.name, event, 30))

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Answer every request with itself until the block ends."""

        async def work() -> None:
            worker = Worker[Event](lambda event: event, lambda event: uuid4(), replies=True)
            async with self._transport.consume(self._queue) as deliveries:
                await worker.run(deliveries)

        working = asyncio.create_task(work())
        yield
        await stop(working)


async def _publishing_and_consuming(ours: Ours, bare: BareClient, name: str, size: int) -> list[Row]:
    cpu: list[list[float]] = [[], [], [], []]
    for _ in range(ROUNDS):
        works: tuple[Work, ...] = (
            ours.publish,
            ours.consume,
            lambda: bare.publish(MESSAGES, IN_FLIGHT),
            lambda: bare.consume(name, MESSAGES),
        )
        for place, work in enumerate(works):
            cpu[place].append(await _cpu_us(work, MESSAGES))
    published = f"event of {size} bytes published to a quorum queue, {IN_FLIGHT} confirms in flight"
    consumed = f"event of {size} bytes consumed and acknowledged, prefetch 100"
    return [_cpu_row(published, cpu[0], cpu[2]), _cpu_row(consumed, cpu[1], cpu[3])]


def _cpu_row(what: str, ours: list[float], bare: list[float]) -> Row:
    ratio = median_ratio(ours, bare)
    mine, floor = f"{median(ours):.0f} µs processor time", f"bare aio-pika {median(bare):.0f} µs"
    return Row(what, mine, floor, f"{ratio:.2f}", f"≤ {CPU_BAR}", ratio <= CPU_BAR)


async def _asking(ours: Ours, bare: BareClient, name: str) -> Row:
    rates: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        async with ours.answering():
            rates[0].append(await _per_second(ours.ask, REQUESTS))
        async with bare.answering(name):
            rates[1].append(await _per_second(lambda: bare.ask(name, REQUESTS, ASKED_AT_ONCE), REQUESTS))
    ratio = median_ratio(*rates)
    mine, floor = f"{median(rates[0]):.0f}/s", f"bare aio-pika {median(rates[1]):.0f}/s"
    what = f"requests answered, {ASKED_AT_ONCE} in flight"
    return Row(what, mine, floor, f"{ratio:.2f}", f"≥ {RATE_BAR}", ratio >= RATE_BAR)


async def _cpu_us(work: Work, times: int) -> float:
    started = time.process_time()
    await work()
    return (time.process_time() - started) / times * 1e6


async def _per_second(work: Work, times: int) -> float:
    started = time.perf_counter()
    await work()
    return times / (time.perf_counter() - started)


async def _remove(bare: BareClient, namespace: str) -> None:
    for queue in ("work", "work.dead"):
        await bare.incoming.queue_delete(f"{namespace}.{queue}")
    for exchange in ("events", "dead"):
        await bare.incoming.exchange_delete(f"{namespace}.{exchange}")
