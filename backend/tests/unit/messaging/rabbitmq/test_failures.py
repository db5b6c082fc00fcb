import asyncio

import pytest
from aio_pika.exceptions import AMQPConnectionError, ProbableAuthenticationError
from aiormq.exceptions import ChannelAccessRefused

from app.messaging.errors import QueueSettingsError
from app.messaging.rabbitmq.failures import lost_connections_raise, stay_cancelled, told


async def test_a_cancellation_that_nobody_asked_for_is_a_lost_connection():
    with pytest.raises(ConnectionResetError), lost_connections_raise():
        raise asyncio.CancelledError


async def test_a_task_that_is_cancelled_stays_cancelled_whatever_it_ended_with():
    begun = asyncio.Event()

    async def work():
        with lost_connections_raise():
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionResetError("swallowed") from None

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_that_was_swallowed_is_not_forgotten():
    begun = asyncio.Event()

    async def work():
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stay_cancelled()

    stay_cancelled()
    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (ProbableAuthenticationError("ACCESS_REFUSED"), "check RABBITMQ_URL"),
        (ChannelAccessRefused("no"), "grant configure, write and read"),
        (ConnectionRefusedError(), "nothing listens there"),
        (AMQPConnectionError(111, "Connect call failed ('127.0.0.1', 1)"), "nothing listens there"),
        (TimeoutError(), "did not answer in time"),
        (QueueSettingsError("Use other settings."), "Use other settings."),
        (OSError("amqp://user:hunter2@host"), "the connection failed (OSError)"),
    ],
)
def test_what_went_wrong_is_told_with_the_next_step(failure, words):
    assert words in told(failure)
    assert "hunter2" not in told(failure)
