"""Another process of the desk: it stores events at the pace of the measurement, and has the broker tell of each."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI

from app.composition import Desk, running_desk
from app.config import read_settings
from app.domain.events import coordination
from app.domain.identifiers import new_id
from app.observability.logging import configure_logging
from bench.feed_pace import EVENT_DATA, INTERVAL_S


def main(port: int) -> None:
    """Serve until stopped."""
    configure_logging("WARNING")
    desks: list[Desk] = []

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        async with running_desk(read_settings()) as desk:
            desks.append(desk)
            yield

    app = FastAPI(lifespan=life)

    @app.get("/health/ready")
    async def ready() -> str:
        return "ready"

    @app.post("/publish")
    async def publish(count: int) -> dict[str, int]:
        (desk,) = desks
        assert desk.sharing is not None
        for _ in range(count):
            told = coordination("consensus_result", "AAPL", new_id(), EVENT_DATA, datetime.now(UTC))
            await desk.sharing.transport.publish(*await desk.store.append_events([told]))
            await asyncio.sleep(INTERVAL_S)
        return {"published": count}

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
