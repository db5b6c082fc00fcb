import asyncio

import pytest

from app.ai.providers.attempt import Attempts
from app.domain.completions import Completion, Usage
from app.domain.errors import ProviderError
from tests.unit.ai.providers.asked import StillClock, inquiry

BUY = Completion("BUY", (), "end", Usage(), "m")


class Vendor:
    """Answers only when it is let."""

    def __init__(self):
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.was_cancelled = False

    async def ask(self):
        self.asked.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return BUY


async def failing():
    raise KeyError("content")


async def test_what_comes_in_time_is_returned():
    vendor, clock = Vendor(), StillClock()
    vendor.may_answer.set()

    assert await Attempts("Vendor", 5.0, clock).one(vendor.ask, inquiry(clock=clock)) is BUY


@pytest.mark.parametrize(("attempt_s", "left_s"), [(0.01, 60.0), (60.0, 0.01)])
async def test_the_shorter_of_attempt_and_deadline_ends_it(attempt_s, left_s):
    vendor, clock = Vendor(), StillClock()

    with pytest.raises(ProviderError) as caught:
        await Attempts("Vendor", attempt_s, clock).one(vendor.ask, inquiry(left_s, clock=clock))

    assert (caught.value.kind, str(caught.value)) == ("timeout", "Vendor gave no answer in time.")
    assert vendor.was_cancelled


async def test_after_the_deadline_nobody_is_asked():
    vendor, clock = Vendor(), StillClock()
    late = inquiry(3.0, clock=clock)
    clock.seconds += 3.0

    with pytest.raises(ProviderError) as caught:
        await Attempts("Vendor", 5.0, clock).one(vendor.ask, late)

    assert caught.value.kind == "timeout"
    assert not vendor.asked.is_set()


async def test_being_cancelled_passes_through():
    vendor, clock = Vendor(), StillClock()
    task = asyncio.create_task(Attempts("Vendor", 5.0, clock).one(vendor.ask, inquiry(clock=clock)))
    await vendor.asked.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert vendor.was_cancelled


async def test_the_clients_own_exception_leaves_no_trace():
    with pytest.raises(ProviderError) as caught:
        await Attempts("Vendor", 5.0, StillClock()).one(failing, inquiry(clock=StillClock()))

    assert caught.value.kind == "invalid_response"
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_what_is_not_whole_is_no_answer():
    async def ask():
        return Completion("", (), "end", Usage(), "m")

    with pytest.raises(ProviderError) as caught:
        await Attempts("Vendor", 5.0, StillClock()).one(ask, inquiry(clock=StillClock()))
    assert caught.value.kind == "invalid_response"
