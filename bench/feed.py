"""The WebSocket feed with 1,000 clients against a bare broadcaster: beside clients that never read, behind a broker."""

import asyncio
import os
import resource
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from bench.feed_clients import Client, connect
from bench.http_load import post_bytes, read_answer
from bench.measure import Row, median, median_ratio
from bench.postgres import database_of_its_own
from bench.servers import cpu_s, memory_mb, running
from scripts.services.ports import free_port

CLIENTS, EVENTS, ROUNDS, IDLE = 1_000, 150, 3, 20
BROKER_BAR = 1.4


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
        with_idle = asyncio.run(
            _round(ours, process.pid, "/ws/agents?topics=market_update", "/bench/publish", idle=IDLE)
        )
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
        *asyncio.run(_behind_a_broker()),
    ]


async def _behind_a_broker() -> list[Row]:
    """Measure a server that is told by a broker of what another process stores."""
    what = f"feed of one server behind RabbitMQ, {CLIENTS:,} clients"
    postgres, rabbitmq = (os.environ.get(f"CONCLAVE_BENCH_{name}_URL") for name in ("POSTGRES", "RABBITMQ"))
    if not postgres or not rabbitmq:
        return [Row(what, "not measured", "POSTGRES_URL or RABBITMQ_URL missing", "", f"≤ {BROKER_BAR}", None)]
    floor, ours, teller = free_port(), free_port(), free_port()
    bare = ["-m", "uvicorn", "bench.floor_feed:app", "--port", str(floor), "--no-access-log", "--log-level", "warning"]
    bare += ["--ws", "websockets-sansio", "--loop", "uvloop"]
    async with database_of_its_own(postgres) as url:
        shared = {"POSTGRES_URL": url, "RABBITMQ_URL": rabbitmq, "CONCLAVE_BROKER_NAMESPACE": f"f{uuid4().hex[:12]}"}
        with (
            running(bare, floor) as floor_process,
            running(["-m", "app.cli.main", "serve", "--port", str(ours)], ours, **shared) as process,
            running(["-m", "bench.feed_teller", str(teller)], teller, **shared),
        ):
            path = "/ws/agents?topics=agent_coordination"
            taken = [
                (
                    await _round(ours, process.pid, path, "/publish", teller=teller),
                    await _round(floor, floor_process.pid, "/", "/publish"),
                )
                for _ in range(ROUNDS)
            ]
    own, floors = ([pair[place] for pair in taken] for place in (0, 1))
    ratio = median_ratio(own, floors)
    mine, theirs = f"{median(own):.1f} µs a delivery", f"{median(floors):.1f} µs"
    return [Row(what, mine, theirs, f"{ratio:.2f}", f"≤ {BROKER_BAR}", ratio <= BROKER_BAR)]


async def _round(
    port: int, pid: int, socket_path: str, publish_path: str, *, idle: int = 0, teller: int | None = None
) -> float:
    """Return CPU microseconds of the server per delivery to a reading client; `teller` is who publishes, if another."""
    async with _connected(port, socket_path, CLIENTS) as clients, _connected(port, socket_path, idle) as sleepers:
        for sleeper in sleepers:
            sleeper.stop_reading()
        before = cpu_s(pid)
        await _publish(teller or port, publish_path)
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
