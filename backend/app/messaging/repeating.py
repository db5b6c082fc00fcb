"""What a process does again and again beside its work."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

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
        trouble: what the log says when it raised; see `tell`.
    """
    while True:
        try:
            await look()
        except Exception as error:  # noqa: BLE001 - the next look may go well
            tell(trouble, error)
        await sleep(every_s)


def tell(trouble: str, error: Exception, **more: Any) -> None:
    """Log what went wrong in one line, or with the trace where it is no error of ours."""
    if isinstance(error, AgentSystemError):
        log.warning(trouble, error=error.public, **more)
    else:
        log.error(trouble, exc_info=error, **more)
