"""Runs the stand-ins for the model vendors on this machine, inside the running event loop."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_INET, AF_INET6, create_server, socket
from types import TracebackType
from typing import Final, Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from app.domain.errors import InvalidInputError, UnknownNameError
from app.testing.fake_models.answers import Vendor
from app.testing.fake_models.anthropic import Anthropic
from app.testing.fake_models.brain import Brain, Numbers
from app.testing.fake_models.control import Control
from app.testing.fake_models.desk import Desk, VendorRoute
from app.testing.fake_models.faults import read_fault
from app.testing.fake_models.journal import Received
from app.testing.fake_models.ollama import Ollama
from app.testing.fake_models.ollama_models import Shelf
from app.testing.fake_models.perplexity import Perplexity
from app.testing.fake_models.wire import OpenProtocol

KEY: Final = "fake-key"
BRAINS: Final[dict[str, type[Brain]]] = {"numbers": Numbers}
GRACE_S: Final = 2.0


class FakeModels:
    """Claude, Ollama and Perplexity on one port, for as long as the `async with` lasts.

    Args:
        latency_s: wait before the first byte of every answer.
        tool_rounds: turns that a model spends on tools before it answers.
        brain: `numbers` reasons from the numbers it is told, `obedient` does what any text says.
        port: 0 picks a free one.
        key: the only key that Claude and Perplexity accept.
    """

    def __init__(
        self,
        *,
        latency_s: float = 0.0,
        tool_rounds: int = 1,
        brain: str = "numbers",
        port: int = 0,
        host: str = "127.0.0.1",
        key: str = KEY,
    ) -> None:
        if brain not in BRAINS:
            raise UnknownNameError("brain", brain, BRAINS)
        self.key = key
        self._desk = Desk(BRAINS[brain](), latency_s, tool_rounds)
        self._address = (host.strip("[]"), port)
        self._url = ""

    async def __aenter__(self) -> Self:
        """Start; the server is ready when this returns.

        Raises:
            InvalidInputError: the address cannot be listened on.
        """
        listener = _listen(*self._address)
        self._url = _url_of(listener)
        self._server = _Server(_config(application(self._desk, self.key)))
        self._running = asyncio.create_task(self._server.serve(sockets=[listener]), name="fake models")
        await self._server.ready.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of every waiting client and stop."""
        self._desk.closing.set()
        self._server.told_to_stop.set()
        await self._running

    @property
    def url(self) -> str:
        """Where the server listens; the control routes are under `/_control`."""
        return self._url

    @property
    def anthropic_url(self) -> str:
        """What belongs into ANTHROPIC_BASE_URL."""
        return f"{self._url}/anthropic"

    @property
    def ollama_url(self) -> str:
        """What belongs into OLLAMA_BASE_URL."""
        return f"{self._url}/ollama"

    @property
    def perplexity_url(self) -> str:
        """What belongs into CONCLAVE_PERPLEXITY_URL."""
        return f"{self._url}/perplexity"

    @property
    def requests(self) -> list[Received]:
        """The last thousand requests, oldest first."""
        return list(self._desk.journal.entries)

    def asked(self, provider: str) -> list[Received]:
        """Return the requests that asked a model of this provider, oldest first."""
        routes = {each.name: each.model_path for each in vendors(self.key)}
        return [each for each in self.requests if (each.provider, each.path) == (provider, routes[provider])]

    def fault(
        self,
        provider: str,
        fault: str,
        *,
        times: int | None = None,
        after: int = 0,
        match: str | None = None,
        path: str = "",
    ) -> None:
        """Switch a fault on; see `faults.KINDS`.

        Args:
            times: how often it strikes; None is for ever.
            after: how many requests it lets pass first.
            match: text that must occur in the request's body.
            path: the route it waits on, such as /api/tags; empty stands for the route that asks the model.

        Raises:
            InvalidInputError: there is no such provider or fault.
        """
        self._desk.faults.add(read_fault(provider, fault, times=times, after=after, match=match, path=path))

    def clear(self) -> None:
        """Switch all faults off and forget what arrived."""
        self._desk.faults.clear()
        self._desk.journal.entries.clear()

    async def received(self, count: int) -> None:
        """Wait until `count` requests have arrived."""
        await self._desk.journal.received(count)

    async def settled(self) -> None:
        """Wait until no request is under way."""
        await self._desk.journal.settled()


def application(desk: Desk, key: str) -> Starlette:
    """Return the three vendors and the control routes as one application."""
    control, shelf = Control(desk), Shelf()
    ollama = Ollama(shelf)
    listings = {"/api/version": shelf.version, "/api/tags": shelf.tags, "/api/ps": shelf.loaded}
    return Starlette(
        routes=[
            *(_model_route(desk, vendor) for vendor in (Anthropic(key), ollama, Perplexity(key))),
            *(
                Route(f"/ollama{path}", VendorRoute(desk, ollama, path, handler), methods=["GET", "HEAD"])
                for path, handler in listings.items()
            ),
            Route("/ollama/api/show", VendorRoute(desk, ollama, "/api/show", shelf.show), methods=["POST"]),
            Route("/_control", control.look, methods=["GET"]),
            Route("/_control/faults", control.add, methods=["POST"]),
            Route("/_control/faults", control.clear, methods=["DELETE"]),
        ]
    )


def vendors(key: str) -> tuple[Vendor, ...]:
    """Return the three vendors."""
    return Anthropic(key), Ollama(Shelf()), Perplexity(key)


def _model_route(desk: Desk, vendor: Vendor) -> Route:
    path = f"/{vendor.name}{vendor.model_path}"
    return Route(path, VendorRoute(desk, vendor, vendor.model_path), methods=["POST"])


class _Server(uvicorn.Server):
    """Says when it is ready, stops at once when told to, and leaves the signals of the process alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.told_to_stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        await self.told_to_stop.wait()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Stop listening, let running answers end, and close what is open."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE_S)
        left = [each for each in self.server_state.connections if isinstance(each, OpenProtocol)]
        for connection in left:
            connection.transport.abort()
        await asyncio.gather(*(each.lost.wait() for each in left))


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=OpenProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )


def _listen(host: str, port: int) -> socket:
    try:
        return create_server((host, port), family=AF_INET6 if ":" in host else AF_INET, backlog=1_024)
    except OSError as error:
        why = f"Cannot listen on {host}, port {port}: {error.strerror or 'not possible'}."
        raise InvalidInputError(f"{why} Choose another with --host and --port.") from None


def _url_of(listener: socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
