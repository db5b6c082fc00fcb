"""The event loop that processes run on."""

import asyncio
from collections.abc import Callable


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes a loop of uvloop, where that is installed; None leaves it to asyncio."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
