"""Calls to the broker that must come to their end whoever is cancelled meanwhile."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from aiormq.abc import AbstractChannel

from app.messaging.rabbitmq.failures import BROKER_FAILURES

_under_way: set[asyncio.Task[Any]] = set()


async def to_its_end(call: Coroutine[Any, Any, object]) -> None:
    """Await a call; a caller that is cancelled goes, the call goes on.

    The vendor's client closes the channel of a call that is cancelled. Where that call was closing it already, the
    broker hears it twice and ends the whole connection.
    """
    task = asyncio.create_task(call, name="rabbitmq call")
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    await asyncio.shield(task)


async def close_channel(channel: AbstractChannel) -> None:
    """Close a channel, whatever state it is in."""
    with suppress(*BROKER_FAILURES):
        await to_its_end(channel.close())
