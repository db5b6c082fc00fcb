"""A small desk behind the web application, for the tests of REST and sockets."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
from fastapi import FastAPI

from app.agent_system import AgentSystem
from app.config import Settings
from app.domain.events import Event, EventType
from app.domain.votes import BUY, Opinion
from app.ports.analyst import Needs
from app.web.app import create_app
from app.web.examples import example_market_data
from app.web.server import ReadyServer, listen_on, server_config, url_of

BASE = "http://127.0.0.1"


class Buyer:
    """Always buys, given 20 bars."""

    role: ClassVar[str] = "market_analyst"
    question: ClassVar[str] = "Is there a trend?"
    rule: ClassVar[str] = "There is."
    needs: ClassVar[Needs] = Needs(bars=20)
    tools: ClassVar[tuple[str, ...]] = ()

    async def analyse(self, context, tools):
        return Opinion(BUY, 0.8, "it rises")


class Seer(Buyer):
    """Buys as well, under another role."""

    role: ClassVar[str] = "risk_advisor"


class Waiter(Buyer):
    """Buys once it is let go; `called` tells that it was asked."""

    def __init__(self):
        self.called, self.let_go = asyncio.Event(), asyncio.Event()

    async def analyse(self, context, tools):
        self.called.set()
        await self.let_go.wait()
        return Opinion(BUY, 0.8, "it rises")


class Broken(Buyer):
    """Fails."""

    async def analyse(self, context, tools):
        raise RuntimeError("CANARY in a traceback")


def a_panel(*analysts) -> Mapping[str, Any]:
    return {each.role: each for each in analysts or (Buyer(), Seer())}


def some_settings(home: Path, **changes) -> Settings:
    return Settings(home=home, **changes)


def a_question(bars: int = 30, **changes) -> dict[str, Any]:
    return {"symbol": "AAPL", "market_data": example_market_data(bars), **changes}


def a_consensus(bars: int = 30, **changes) -> dict[str, Any]:
    return {"symbol": "AAPL", "context": {"market_data": example_market_data(bars)}, **changes}


def an_alert(size: int = 20_000) -> Event:
    return Event(EventType.ALERT, {"text": "x" * size}, datetime.now(UTC))


def an_app(home: Path, *analysts, **changes) -> FastAPI:
    settings = some_settings(home, **changes)
    return create_app(AgentSystem(settings, a_panel(*analysts)), settings)


@asynccontextmanager
async def calling(app: FastAPI, **options) -> AsyncIterator[httpx.AsyncClient]:
    """Call the application in this process."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, **options) as client:
            client.app = app
            yield client


@dataclass
class Served:
    """A running server."""

    app: FastAPI
    url: str
    server: ReadyServer
    running: asyncio.Task

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws") + "/ws/agents"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def feed(self):
        return self.app.state.feed._socket

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.running


@asynccontextmanager
async def serving(app: FastAPI, settings: Settings) -> AsyncIterator[Served]:
    """Serve the application on a free port of loopback; connections wait until it is ready."""
    listener = listen_on("127.0.0.1", 0)
    server = ReadyServer(server_config(app, settings), listener)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="server under test")
    served = Served(app, url_of(listener), server, running)
    try:
        async with httpx.AsyncClient(base_url=served.url) as client:
            await client.get("/health/live")
        yield served
    finally:
        await served.stop()
