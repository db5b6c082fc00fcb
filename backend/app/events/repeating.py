"""What a process does again and again beside its work."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.domain.errors import AgentSystemError

log = structlog.get_logger(__name__)


async def repeat(
    look: Callable[[], Awaitable[object]],
    every_s: float,
    trouble: str,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Await `look`, and again `every_s` seconds after each; runs until cancelled, whatever `look` raises.

    Args:
        trouble: what the log says when it raised; with the trace where it is no error of ours.
    """
    while True:
        try:
            await look()
        except AgentSystemError as error:
            log.warning(trouble, error=error.public)
        except Exception:
            log.exception(trouble)
        await sleep(every_s)
