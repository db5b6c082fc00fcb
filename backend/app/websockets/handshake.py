"""A connection without a key in its headers shows it in its first message."""

import asyncio

from starlette.types import Receive

from app.access.policy import AccessPolicy
from app.websockets.incoming import MessageError, read_message


async def authenticate(receive: Receive, policy: AccessPolicy, wait_s: float) -> bool:
    """Wait for `{"type": "authenticate", "data": {"key": …}}`; False for anything else, or nothing in time."""
    try:
        async with asyncio.timeout(wait_s):
            frame = await receive()
    except TimeoutError:
        return False
    text = frame.get("text")
    if frame["type"] != "websocket.receive" or text is None:
        return False
    try:
        message = read_message(text)
    except MessageError:
        return False
    key = message.data.get("key")
    return message.kind == "authenticate" and isinstance(key, str) and policy.is_key(key)
