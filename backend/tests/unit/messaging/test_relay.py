"""Letters go out however often something goes wrong on the way."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from app.domain.errors import StoreUnavailableError
from app.messaging.relay import Relay
from app.messaging.transports.in_process import InProcessTransport
from tests.contracts.accepted_jobs import a_letter


class OutboxThatFailsOnce:
    """An outbox with one letter, which cannot be read at first."""

    def __init__(self, error):
        self._errors, self._letters = [error], [a_letter("m1", queue=None)]
        self.empty = asyncio.Event()

    @asynccontextmanager
    async def batch(self, in_order, most):
        if not in_order:
            yield []
            return
        if self._errors:
            raise self._errors.pop()
        yield tuple(self._letters)
        self._letters.clear()
        self.empty.set()


@pytest.mark.parametrize("error", [StoreUnavailableError("away"), RuntimeError("nobody foresaw it")])
async def test_it_goes_on_after_any_error(error):
    outbox = OutboxThatFailsOnce(error)
    async with InProcessTransport() as transport:
        relay = Relay(outbox, transport)
        running = asyncio.create_task(relay.run())
        async with asyncio.timeout(20):
            await outbox.empty.wait()
        running.cancel()
        await asyncio.wait([running])
    assert relay.sent == 1
