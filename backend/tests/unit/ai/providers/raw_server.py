"""A server that says exactly the bytes it is given, for answers that no well-behaved server sends."""

import asyncio
from contextlib import asynccontextmanager

PIECE = b"x" * 65_536


class RawServer:
    """Answers every request with `head` and then `body`; after that it hangs up, or goes on for ever when `endless`."""

    def __init__(self, head, body=b"", endless=False):
        self.sent = 0
        self.url = ""
        self._answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body
        self._endless = endless

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
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


@asynccontextmanager
async def answering(head, body=b"", endless=False):
    """Run the server while the block lasts."""
    raw = RawServer(head, body, endless)
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    async with server:
        raw.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        yield raw
