"""The floor of the feed: a bare uvicorn broadcaster that serialises once and has a queue and a writer per client."""

import asyncio
from typing import Any

import orjson

from bench.feed_pace import EVENT_DATA, INTERVAL_S, count_of

_queues: set[asyncio.Queue[str]] = set()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Accept sockets, and publish on POST."""
    if scope["type"] == "websocket":
        await _serve_socket(receive, send)
    elif scope["type"] == "http":
        if scope["method"] == "POST":
            await _publish(count_of(scope["query_string"]))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


async def _serve_socket(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    queue: asyncio.Queue[str] = asyncio.Queue()
    _queues.add(queue)
    writer = asyncio.create_task(_write(queue, send))
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        writer.cancel()
        _queues.discard(queue)


async def _write(queue: asyncio.Queue[str], send: Any) -> None:
    while True:
        await send({"type": "websocket.send", "text": await queue.get()})


async def _publish(count: int) -> None:
    for seq in range(count):
        text = orjson.dumps({"type": "market_update", "data": EVENT_DATA, "seq": seq, "timestamp": "now"}).decode()
        for queue in tuple(_queues):
            queue.put_nowait(text)
        await asyncio.sleep(INTERVAL_S)
