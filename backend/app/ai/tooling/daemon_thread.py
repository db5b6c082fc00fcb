"""Work that may block, in a thread that nobody has to wait for: not even the end of the program."""

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


async def in_daemon_thread(work: Callable[[], Result]) -> Result:
    """Return what `work` returns; whoever is cancelled while waiting leaves the thread behind.

    Args:
        work: raises nothing.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Result] = loop.create_future()

    def run() -> None:
        result = work()
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(_settle, answer, result)

    Thread(target=contextvars.copy_context().run, args=(run,), name="slow tool", daemon=True).start()
    return await answer


def _settle(answer: "asyncio.Future[Result]", result: Result) -> None:
    if not answer.done():
        answer.set_result(result)
