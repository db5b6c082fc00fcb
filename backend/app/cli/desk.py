"""Starts the desk for one command, with the store that servers on this machine use too."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.agent_system import AgentSystem
from app.composition import Desk
from app.config import Settings, read_settings
from app.observability.logging import configure_logging

Answer = TypeVar("Answer")


def on_desk(work: Callable[[AgentSystem, Desk], Awaitable[Answer]], settings: Settings | None = None) -> Answer:
    """Run `work` with a started desk and return what it returns.

    Args:
        settings: read from the environment when None.

    Raises:
        AgentSystemError: the desk cannot start, or `work` failed.
    """
    return asyncio.run(_with_desk(work, settings or quiet_settings()))


def quiet_settings() -> Settings:
    """Read the settings and set up the log: warnings alone, unless LOG_LEVEL says otherwise.

    Raises:
        InvalidInputError: a setting is wrong.
    """
    settings = read_settings()
    configure_logging(settings.log_level if os.environ.get("LOG_LEVEL") else "WARNING", settings.log_format)
    return settings


async def _with_desk(work: Callable[[AgentSystem, Desk], Awaitable[Answer]], settings: Settings) -> Answer:
    async with AgentSystem(settings) as system:
        return await work(system, await system.start())
