import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.attempts import Attempt, NotAskedError
from app.ai.resilience.fair_gate import Gated
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import in_virtual_time

# When each caller comes, of which symbol, how long its request takes, and when it leaves if it has not been answered.
callers = st.lists(
    st.tuples(
        st.floats(0.0, 10.0),
        st.sampled_from("ABCD"),
        st.floats(0.01, 5.0),
        st.none() | st.floats(0.0, 10.0),
    ),
    max_size=40,
)


def ask(gate, clock, symbol="A", seconds=30.0):
    return asyncio.create_task(gate.complete(a_request(), an_inquiry(clock, seconds, symbol)))


async def ended(*tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)


async def is_free(gate, clock, places):
    """Whether exactly so many can be let in at once."""
    gate.inner.script = [slow(clock, 1.0, answer())]
    gate.inner.most_at_once = 0
    await ended(*(ask(gate, clock) for _ in range(places + 1)))
    return gate.inner.most_at_once == places and gate.waiting == 0


@given(callers=callers, places=st.integers(1, 4))
@in_virtual_time
async def test_however_they_come_and_go_places_are_kept(clock, callers, places):
    vendor = Vendor()
    gate = Gated(vendor, places, None, clock)

    async def visit(comes, symbol, takes, leaves):
        await clock.passes(comes)
        vendor.script = [slow(clock, takes, answer())]
        asking = ask(gate, clock, symbol, seconds=20.0)
        if leaves is not None:
            await asyncio.wait([asking], timeout=leaves)
            asking.cancel()
        await ended(asking)

    await ended(*(visit(*each) for each in callers))

    assert vendor.most_at_once <= places
    assert await is_free(gate, clock, places)


@in_virtual_time
async def test_symbols_take_turns(clock):
    vendor = Vendor(slow(clock, 1.0, answer()))
    gate = Gated(vendor, 1, None, clock)

    await ended(*(ask(gate, clock, symbol) for symbol in "AAAABBC"))

    assert "".join(each.symbol for each in vendor.inquiries) == "AABCABA"


@in_virtual_time
async def test_a_failure_makes_room_like_a_success(clock):
    gate = Gated(Vendor(failure()), 1, None, clock)

    await ended(*(ask(gate, clock) for _ in range(5)))

    assert await is_free(gate, clock, 1)


@in_virtual_time
async def test_who_finds_no_place_before_the_deadline_gives_up_then_and_was_not_asked(clock):
    vendor = Vendor(slow(clock, 60.0, answer()))
    gate = Gated(vendor, 1, None, clock)
    first, late, began = ask(gate, clock), ask(gate, clock, seconds=5.0), clock.monotonic()

    (error,) = await ended(late)

    assert isinstance(error, NotAskedError)
    assert (error.kind, len(vendor.requests), gate.waiting) == ("rate_limited", 1, 0)
    assert clock.monotonic() - began == pytest.approx(5.0)
    first.cancel()
    await ended(first)


@in_virtual_time
async def test_who_is_cancelled_while_waiting_leaves_no_trace(clock):
    vendor = Vendor(slow(clock, 5.0, answer()))
    gate = Gated(vendor, 1, None, clock)
    first, second, third = (ask(gate, clock) for _ in range(3))
    await clock.passes(1.0)

    second.cancel()
    await ended(second)
    assert gate.waiting == 1

    assert await ended(first, third) == [answer(), answer()]
    assert len(vendor.requests) == 2
    assert await is_free(gate, clock, 1)


@in_virtual_time
async def test_who_is_cancelled_in_the_moment_of_being_called_hands_the_place_on(clock):
    vendor = Vendor(slow(clock, 1.0, answer()))
    gate = Gated(vendor, 1, None, clock)

    async def be_answered_and_cancel_the_next():
        await gate.complete(a_request(), an_inquiry(clock))
        second.cancel()  # the place is its own by now, but it has not heard of it

    first = asyncio.create_task(be_answered_and_cancel_the_next())
    await clock.settles()
    second, third = ask(gate, clock), ask(gate, clock)

    results = await ended(first, second, third)

    assert isinstance(results[1], asyncio.CancelledError)
    assert (results[2], len(vendor.requests)) == (answer(), 2)
    assert await is_free(gate, clock, 1)


@in_virtual_time
async def test_an_attempt_knows_that_it_was_asked_only_once_it_had_a_place(clock):
    vendor = Vendor(slow(clock, 3.0, answer()))
    gate = Gated(vendor, 1, None, clock)
    first, second = Attempt.of(an_inquiry(clock), clock), Attempt.of(an_inquiry(clock), clock)
    began = clock.monotonic()
    tasks = [asyncio.create_task(gate.complete(a_request(), each)) for each in (first, second)]
    await clock.passes(1.0)

    assert (first.asked_at, second.asked_at) == (pytest.approx(began), None)
    await ended(*tasks)
    assert second.asked_at == pytest.approx(began + 3.0)


@given(comes=st.lists(st.floats(0.0, 200.0), max_size=40), per_minute=st.integers(1, 10))
@in_virtual_time
async def test_no_more_are_asked_than_a_burst_and_the_rate_allow(clock, comes, per_minute):
    asked_at = []

    async def note():
        asked_at.append(clock.monotonic())
        return answer()

    gate = Gated(Vendor(note), 100, per_minute, clock)

    async def visit(when):
        await clock.passes(when)
        await gate.complete(a_request(), an_inquiry(clock, 1e6))

    await asyncio.gather(*map(visit, comes))

    assert len(asked_at) == len(comes)
    for first in range(len(asked_at)):
        for last in range(first, len(asked_at)):
            allowed = per_minute + (asked_at[last] - asked_at[first]) * per_minute / 60
            assert last - first + 1 <= allowed + 1e-6


@in_virtual_time
async def test_who_cannot_be_asked_in_time_at_the_given_rate_gives_up_and_leaves_the_place(clock):
    vendor = Vendor()
    gate = Gated(vendor, 1, 2, clock)

    answers = await ended(*(ask(gate, clock, seconds=10.0) for _ in range(4)))

    assert [getattr(each, "kind", "answered") for each in answers] == ["answered"] * 2 + ["rate_limited"] * 2
    assert len(vendor.requests) == 2
    await clock.passes(120.0)
    assert (await ended(ask(gate, clock)))[0] == answer()


@in_virtual_time
async def test_who_is_cancelled_while_keeping_pace_leaves_the_place(clock):
    gate = Gated(Vendor(), 1, 1, clock)
    await ended(ask(gate, clock))
    waiting = ask(gate, clock)
    await clock.passes(1.0)
    waiting.cancel()
    await ended(waiting)

    assert await ended(ask(gate, clock, seconds=61.0)) == [answer()]
