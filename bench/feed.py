"""The WebSocket feed with 1,000 clients against a bare broadcaster, with and without clients that never read."""

import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.feed_clients import Client, connect
from bench.http_load import post_bytes, read_answer
from bench.measure import Row, median, median_ratio
from bench.servers import cpu_s, free_port, memory_mb, running

CLIENTS, EVENTS, ROUNDS, IDLE = 1_000, 150, 3, 20


def rows() -> list[Row]:
    """Measure both servers in turn, then ours with idle clients beside the reading ones."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8_192, hard), hard))
    ours, floor = free_port(), free_port()
    bare = ["-m", "uvicorn", "bench.floor_feed:app", "--port", str(floor), "--no-access-log", "--log-level", "warning"]
    bare += ["--ws", "websockets-sansio", "--loop", "uvloop"]
    with (
        tempfile.TemporaryDirectory() as home,
        running(bare, floor) as floor_process,
        running(["-m", "bench.feed_server", str(ours)], ours, CONCLAVE_HOME=home) as process,
    ):
        taken = [
            (
                asyncio.run(_round(ours, process.pid, "/ws/agents?topics=market_update", "/bench/publish")),
                asyncio.run(_round(floor, floor_process.pid, "/", "/publish")),
            )
            for _ in range(ROUNDS)
        ]
        before = memory_mb(process.pid)
        with_idle = asyncio.run(_round(ours, process.pid, "/ws/agents?topics=market_update", "/bench/publish", IDLE))
        growth = memory_mb(process.pid) - before
    own, floors = ([pair[place] for pair in taken] for place in (0, 1))
    ratio = median_ratio(own, floors)
    return [
        Row(
            f"feed, {CLIENTS:,} clients, CPU per delivery",
            f"{median(own):.1f} µs",
            f"{median(floors):.1f} µs",
            f"{ratio:.2f}",
            "≤ 1.3",
            ratio <= 1.3,
        ),
        Row(
            f"feed beside {IDLE} clients that never read",
            f"{with_idle:.1f} µs, memory {growth:+.1f} MB",
            f"without them {median(own):.1f} µs",
            f"{with_idle / median(own):.2f}",
            "no growth",
            growth < 5,
        ),
    ]


async def _round(port: int, pid: int, socket_path: str, publish_path: str, idle: int = 0) -> float:
    """Return CPU microseconds of the server per delivery to a reading client."""
    async with _connected(port, socket_path, CLIENTS) as clients, _connected(port, socket_path, idle) as sleepers:
        for sleeper in sleepers:
            sleeper.stop_reading()
        before = cpu_s(pid)
        await _publish(port, publish_path)
        await asyncio.gather(*(client.received(EVENTS) for client in clients))
        return (cpu_s(pid) - before) / (CLIENTS * EVENTS) * 1e6


@asynccontextmanager
async def _connected(port: int, path: str, count: int) -> AsyncIterator[list[Client]]:
    clients = [await connect(port, path) for _ in range(count)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()


async def _publish(port: int, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post_bytes(f"{path}?count={EVENTS}", b""))
    await read_answer(reader)
    writer.close()
    await writer.wait_closed()
