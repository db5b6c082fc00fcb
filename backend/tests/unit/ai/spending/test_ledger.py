"""Room for a request, asked of the books, which may be slow, away or interrupted."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from app.ai.resilience.attempts import NotAskedError
from app.ai.spending.ledger import SETTLE_WITHIN_S, Ledger
from app.domain.errors import StoreUnavailableError
from app.domain.spending import Limits, Spend
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.unit.ai.providers.asked import StillClock
from tests.unit.ai.resilience.virtual_time import in_virtual_time

UNLIMITED = Limits()
SOME = Spend(100, Decimal("0.01"), 2.0)
ROOM_FOR_ONE = Limits(tokens=150)
WITHIN_S = 5.0


class Books:
    """Real books, behind a door that can be slow or shut."""

    def __init__(self):
        self.kept = InMemoryDecisionStore().books
        self.shut = False
        self.opens = asyncio.Event()
        self.opens.set()

    async def reserve(self, reservation):
        entered = await self.kept.reserve(reservation)
        await self._passed()
        return entered

    async def settle(self, reservation_id, actual):
        await self._passed()
        await self.kept.settle(reservation_id, actual)

    async def _passed(self):
        await self.opens.wait()
        if self.shut:
            raise StoreUnavailableError("The disk is full.")


class Scene:
    def __init__(self, clock, per_decision=UNLIMITED, per_day=UNLIMITED):
        self.books = Books()
        self.ledger = Ledger(self.books, per_decision, per_day, clock)

    async def reserve(self, decision="a", need=SOME):
        return await self.ledger.reserve(decision, need, WITHIN_S)

    async def refused(self, need=SOME):
        with pytest.raises(NotAskedError) as caught:
            await self.reserve(need=need)
        return caught.value

    async def of_decision(self, decision="a"):
        return await self.books.kept.spent(f"decision {decision}")

    async def of_day(self, clock):
        return await self.books.kept.spent(f"day {clock.now().date()}")


@in_virtual_time
async def test_a_request_without_room_is_not_sent_and_told_why(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    await scene.reserve()

    error = await scene.refused()

    assert (error.kind, error.public) == (
        "budget_spent",
        "The budget of this decision, 150 tokens, leaves no room for a request.",
    )


@in_virtual_time
async def test_what_is_settled_makes_room(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    await (await scene.reserve()).settle(Spend(50))
    await scene.reserve()

    assert (await scene.of_decision()).tokens == (await scene.of_day(clock)).tokens == 150


@in_virtual_time
async def test_what_is_released_cost_nothing(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    held = await scene.reserve()
    await held.release()
    await held.settle(SOME)

    assert await scene.of_decision() == await scene.of_day(clock) == Spend()


@in_virtual_time
async def test_books_that_cannot_be_reached_let_nothing_pass_and_keep_nothing(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    scene.books.shut = True

    error = await scene.refused()
    scene.books.shut = False
    await scene.ledger.close()

    assert error.kind == "unreachable"
    assert "books" in error.public
    assert "disk" not in error.public
    assert not isinstance(error, StoreUnavailableError)


@in_virtual_time
async def test_books_that_take_too_long_let_nothing_pass_and_give_back_what_they_entered(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    scene.books.opens.clear()
    began = clock.monotonic()

    assert (await scene.refused()).kind == "unreachable"
    assert clock.monotonic() - began == pytest.approx(WITHIN_S, abs=0.01)

    scene.books.opens.set()
    await scene.ledger.close()
    assert await scene.of_decision() == Spend()


@in_virtual_time
async def test_a_caller_that_is_cancelled_while_the_books_are_asked_reserves_nothing(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    scene.books.opens.clear()
    asking = asyncio.create_task(scene.reserve())
    await clock.settles()

    asking.cancel()
    await asyncio.wait([asking])
    scene.books.opens.set()
    await scene.ledger.close()

    assert asking.cancelled()
    assert await scene.of_decision() == Spend()


@in_virtual_time
async def test_an_answer_does_not_wait_long_for_its_cost_to_be_entered(clock):
    scene = Scene(clock)
    held = await scene.reserve()
    scene.books.opens.clear()
    began = clock.monotonic()

    await held.settle(Spend(50))

    assert clock.monotonic() - began == pytest.approx(SETTLE_WITHIN_S, abs=0.01)
    assert (await scene.of_decision()).tokens == 100
    scene.books.opens.set()
    await scene.ledger.close()
    assert (await scene.of_decision()).tokens == 50


@in_virtual_time
async def test_a_cost_that_cannot_be_entered_leaves_the_most_that_it_may_be(clock):
    scene = Scene(clock, ROOM_FOR_ONE)
    held = await scene.reserve()
    scene.books.shut = True

    await held.settle(Spend(50))

    assert await scene.of_decision() == SOME


@in_virtual_time
async def test_a_caller_that_is_cancelled_while_its_cost_is_entered_goes_and_the_entry_is_made(clock):
    scene = Scene(clock)
    held = await scene.reserve()
    scene.books.opens.clear()
    settling = asyncio.create_task(held.settle(Spend(50)))
    await clock.settles()

    settling.cancel()
    await asyncio.wait([settling])
    assert settling.cancelled()
    scene.books.opens.set()
    await scene.ledger.close()

    assert (await scene.of_decision()).tokens == 50


@in_virtual_time
async def test_there_may_be_nothing_to_wait_for_at_the_end(clock):
    await Scene(clock).ledger.close()


async def test_a_day_ends_at_midnight_utc():
    clock = StillClock()
    scene = Scene(clock, per_day=ROOM_FOR_ONE)
    await (await scene.reserve()).settle(SOME)
    late = await scene.reserve(need=Spend(50))
    clock.instant += timedelta(days=1)

    await (await scene.reserve(need=Spend(150))).release()
    await late.settle(Spend(40))  # of yesterday

    assert await scene.of_day(clock) == Spend()
    assert (await scene.of_decision()).tokens == 140


async def test_a_clock_that_is_set_back_over_midnight_does_not_give_a_second_budget():
    clock = StillClock()
    scene = Scene(clock, per_day=ROOM_FOR_ONE)
    await (await scene.reserve()).settle(SOME)
    today = clock.now()
    clock.instant -= timedelta(days=1)

    assert (await scene.refused()).kind == "budget_spent"
    clock.instant = today
    assert await scene.of_day(clock) == SOME
