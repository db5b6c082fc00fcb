"""Conclave's own server with one more route, which publishes events on its bus at the pace of the measurement."""

import asyncio
import sys
from datetime import UTC, datetime

import uvicorn

from app.agent_system import AgentSystem
from app.config import read_settings
from app.domain.events import Event, EventType
from app.observability.logging import configure_logging
from app.web.app import create_app
from bench.feed_pace import EVENT_DATA, INTERVAL_S


def main(port: int) -> None:
    """Serve until stopped."""
    configure_logging("WARNING")
    settings = read_settings()
    system = AgentSystem(settings)
    app = create_app(system, settings)

    @app.post("/bench/publish")
    async def publish(count: int) -> dict[str, int]:
        desk = await system.start()
        for seq in range(1, count + 1):
            await desk.bus.publish(Event(EventType.MARKET_UPDATE, EVENT_DATA, datetime.now(UTC), "AAPL", seq=seq))
            await asyncio.sleep(INTERVAL_S)
        return {"published": count}

    uvicorn.run(app, port=port, log_level="warning", access_log=False, ws="websockets-sansio", loop="uvloop")


if __name__ == "__main__":
    main(int(sys.argv[1]))
