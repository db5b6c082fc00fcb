"""What a lost connection looks like, and what to tell of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AuthenticationError, ProbableAuthenticationError
from aiormq.exceptions import ChannelAccessRefused

from app.domain.errors import AgentSystemError

BROKER_FAILURES: Final = (*CONNECTION_EXCEPTIONS, TimeoutError)
"""What is raised when the broker, the connection or a channel goes away."""


@contextmanager
def lost_connections_raise() -> Iterator[None]:
    """Keep apart what the vendor's client mixes up: a lost connection cancels those who wait on it.

    Raises:
        ConnectionResetError: the connection was lost.
        CancelledError: the task itself was cancelled, even where that ended in another error.
    """
    try:
        yield
    except asyncio.CancelledError:
        if _is_being_cancelled():
            raise
        raise ConnectionResetError("the connection was lost") from None
    except BROKER_FAILURES:
        if _is_being_cancelled():
            raise asyncio.CancelledError from None
        raise


def stay_cancelled() -> None:
    """Do nothing unless the task has been cancelled: the vendor's client can swallow that while it closes a channel.

    Raises:
        CancelledError: the task has been cancelled.
    """
    if _is_being_cancelled():
        raise asyncio.CancelledError


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def told(failure: BaseException) -> str:
    """Say in words why the broker cannot be used, with the next step and without any secret."""
    if isinstance(failure, AgentSystemError):
        return failure.public
    if isinstance(failure, AuthenticationError | ProbableAuthenticationError):
        return "it refuses the user, the password or the virtual host: check RABBITMQ_URL"
    if isinstance(failure, ChannelAccessRefused):
        return "the user has no right to that: grant configure, write and read in its virtual host"
    if isinstance(failure, ConnectionRefusedError) or "Connect call failed" in str(failure):
        return "nothing listens there: start the broker or check RABBITMQ_URL"
    if isinstance(failure, TimeoutError):
        return "it did not answer in time"
    return f"the connection failed ({type(failure).__name__})"
