"""Work that is finished whatever happens to whoever asked for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when the caller is cancelled: a commit under way is completed and told, never abandoned.

    Raises:
        CancelledError: the caller was cancelled meanwhile; the work is done all the same.
    """
    task = asyncio.ensure_future(work)
    was_cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            was_cancelled = True
    if was_cancelled:
        raise asyncio.CancelledError
    return task.result()
