"""Background tasks that say when they are ready."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def start(run: Callable[[asyncio.Event], Coroutine[None, None, None]], name: str) -> asyncio.Task[None]:
    """Run `run` as a task and return it once it has set the event it is given; what it raises before is raised here."""
    ready = asyncio.Event()
    task = asyncio.create_task(run(ready), name=name)
    waiting = asyncio.create_task(ready.wait(), name=f"{name} starting")
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        waiting.cancel()
    if task.done():
        task.result()
    return task


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
