"""A light HTTP/1.1 client: a few keep-alive connections that post the same bytes as fast as answers come."""

import asyncio
import time


def post_bytes(path: str, body: bytes) -> bytes:
    """Return a whole POST request."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body


async def requests_per_second(port: int, request: bytes, total: int, connections: int = 4) -> float:
    """Send `total` requests and return how many were answered with 200 per second.

    Raises:
        RuntimeError: an answer was not 200.
    """
    share = total // connections
    started = time.perf_counter()
    await asyncio.gather(*(_client(port, request, share) for _ in range(connections)))
    return share * connections / (time.perf_counter() - started)


async def _client(port: int, request: bytes, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        writer.write(request)
        await read_answer(reader)
    writer.close()
    await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> None:
    """Read one whole answer.

    Raises:
        RuntimeError: it was not 200.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if b" 200 " not in lines[0] + b" ":
        raise RuntimeError(f"unexpected answer: {lines[0].decode()}")
    length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:"))
    await reader.readexactly(length)
