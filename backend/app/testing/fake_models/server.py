"""Runs the stand-ins for the model vendors on this machine, inside the running event loop."""

import asyncio
from types import TracebackType
from typing import Final, Self

from app.domain.errors import UnknownNameError
from app.listening import listen_on, url_of
from app.testing.fake_models.brain import Brain, Numbers
from app.testing.fake_models.desk import Desk
from app.testing.fake_models.embedded_server import EmbeddedServer, config_of
from app.testing.fake_models.faults import read_fault
from app.testing.fake_models.journal import Received
from app.testing.fake_models.obedient import Obedient
from app.testing.fake_models.routes import MODEL_PATHS, application

KEY: Final = "fake-key"
BRAINS: Final[dict[str, type[Brain]]] = {"numbers": Numbers, "obedient": Obedient}


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
        self._address = (host, port)
        self._url = ""

    async def __aenter__(self) -> Self:
        """Start; the server is ready when this returns.

        Raises:
            InvalidInputError: the address cannot be listened on.
        """
        self._desk.closing.clear()
        listener = listen_on(*self._address)
        self._url = url_of(listener)
        self._server = EmbeddedServer(config_of(application(self._desk, self.key)))
        self._running = asyncio.create_task(self._server.serve(sockets=[listener]), name="fake models")
        await self._server.listens.wait()
        if self._running.done():
            await self._running
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
        return [each for each in self.requests if (each.provider, each.path) == (provider, MODEL_PATHS[provider])]

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
