"""A server that says exactly the bytes it is given, for answers that no well-behaved server sends."""

import asyncio
from contextlib import asynccontextmanager

PIECE = b"x" * 65_536


class RawServer:
    """Answers every request with `head` and then `body`; after that it hangs up, or goes on for ever when `endless`.

    `heard` is the head of the last request; `left` is set when a client has gone.
    """

    def __init__(self, head, body, endless, status):
        self.sent = 0
        self.url = ""
        self.heard = b""
        self.left = asyncio.Event()
        self._answer = b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n\r\n" + body
        self._endless = endless

    async def serve(self, reader, writer):
        try:
            self.heard = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._answer)
            while self._endless:
                writer.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))
                await writer.drain()
                self.sent += len(PIECE)
            await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            self.left.set()


@asynccontextmanager
async def answering(head, body=b"", endless=False, status=b"200 OK"):
    """Run the server while the block lasts."""
    raw = RawServer(head, body, endless, status)
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    async with server:
        raw.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        yield raw
