import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.attempts import NotAskedError
from app.ai.resilience.retry_budget import RetryBudget
from app.ai.resilience.retrying import LONGEST_PAUSE_S, WORTH_ASKING_S, Retrying
from app.domain.errors import ProviderError
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import in_virtual_time

KINDS = sorted(ProviderError.KINDS)
LASTING = sorted(ProviderError.KINDS - ProviderError.TRANSIENT)


def retrying(vendor, clock, budget=None, seed=1):
    return Retrying(vendor, budget or RetryBudget(), clock, Random(seed))


async def failed(provider, inquiry):
    with pytest.raises(ProviderError) as caught:
        await provider.complete(a_request(), inquiry)
    return caught.value


@pytest.mark.parametrize("kind", sorted(ProviderError.TRANSIENT))
@in_virtual_time
async def test_what_may_pass_is_asked_once_more(clock, kind):
    vendor, inquiry = Vendor(failure(kind), answer("BUY")), an_inquiry(clock)

    completion = await retrying(vendor, clock).complete(a_request(), inquiry)

    assert (completion.text, len(vendor.requests), inquiry.failed_requests) == ("BUY", 2, 1)


@pytest.mark.parametrize("kind", LASTING)
@in_virtual_time
async def test_what_will_not_pass_is_not_asked_again(clock, kind):
    vendor, inquiry = Vendor(failure(kind)), an_inquiry(clock)

    error = await failed(retrying(vendor, clock), inquiry)

    assert (error.kind, len(vendor.requests), inquiry.failed_requests) == (kind, 1, 1)


@in_virtual_time
async def test_the_second_failure_is_the_one_that_is_told(clock):
    vendor, inquiry = Vendor(failure("overloaded"), failure("timeout"), answer()), an_inquiry(clock)

    error = await failed(retrying(vendor, clock), inquiry)

    assert (error.kind, len(vendor.requests), inquiry.failed_requests) == ("timeout", 2, 2)


@in_virtual_time
async def test_an_analyst_that_failed_before_is_not_retried(clock):
    vendor = Vendor(failure(), answer())

    await failed(retrying(vendor, clock), an_inquiry(clock, failed_requests=1))

    assert len(vendor.requests) == 1


@in_virtual_time
async def test_after_two_failures_nobody_is_asked(clock):
    vendor, inquiry = Vendor(), an_inquiry(clock, failed_requests=2)

    error = await failed(retrying(vendor, clock), inquiry)

    assert (error.kind, vendor.requests, inquiry.failed_requests) == ("retries_spent", [], 2)


@given(script=st.lists(st.sampled_from([*KINDS, None]), min_size=1, max_size=12), calls=st.integers(1, 8))
@in_virtual_time
async def test_no_analyst_sends_more_than_two_requests_in_vain(clock, script, calls):
    vendor = Vendor(*(answer() if kind is None else failure(kind) for kind in script))
    provider, inquiry = retrying(vendor, clock, RetryBudget(1, 100)), an_inquiry(clock)
    answered = 0
    for _ in range(calls):
        answered += not isinstance(
            (await asyncio.gather(provider.complete(a_request(), inquiry), return_exceptions=True))[0], ProviderError
        )

    assert len(vendor.requests) - answered == inquiry.failed_requests <= 2


@given(seed=st.integers(0, 10_000))
@in_virtual_time
async def test_the_pause_is_random_and_short(clock, seed):
    began, expected = clock.monotonic(), Random(seed).uniform(0.0, LONGEST_PAUSE_S)

    await retrying(Vendor(failure(), answer()), clock, seed=seed).complete(a_request(), an_inquiry(clock))

    assert clock.monotonic() - began == pytest.approx(expected, abs=1e-6)


@in_virtual_time
async def test_a_vendor_is_not_asked_before_it_wants_to_be(clock):
    began = clock.monotonic()

    await retrying(Vendor(failure("rate_limited", retry_after_s=7.0), answer()), clock).complete(
        a_request(), an_inquiry(clock)
    )

    assert 7.0 <= clock.monotonic() - began <= 7.0 + LONGEST_PAUSE_S


@in_virtual_time
async def test_a_vendor_that_wants_to_wait_beyond_the_deadline_is_given_up_at_once(clock):
    vendor, began = Vendor(failure("rate_limited", retry_after_s=900.0), answer()), clock.monotonic()

    error = await failed(retrying(vendor, clock), an_inquiry(clock))

    assert (error.kind, error.retry_after_s) == ("rate_limited", 900.0)
    assert (len(vendor.requests), clock.monotonic()) == (1, pytest.approx(began))


@given(seconds=st.floats(0.0, 5.0), retry_after_s=st.none() | st.floats(0.0, 1e6), seed=st.integers(0, 1_000))
@in_virtual_time
async def test_no_retry_comes_so_late_that_it_has_no_time(clock, seconds, retry_after_s, seed):
    asked_at = []

    async def fail():
        asked_at.append(clock.monotonic())
        raise failure("overloaded", retry_after_s=retry_after_s)

    inquiry = an_inquiry(clock, seconds)
    await failed(retrying(Vendor(fail), clock, seed=seed), inquiry)

    assert all(each + WORTH_ASKING_S <= inquiry.deadline + 1e-6 for each in asked_at[1:])
    assert clock.monotonic() <= max(inquiry.deadline, asked_at[0])


@in_virtual_time
async def test_when_the_budget_is_spent_the_first_failure_is_told(clock):
    vendor = Vendor(failure("overloaded"))
    provider = retrying(vendor, clock, RetryBudget(calls_per_retry=10, floor=1))

    kinds = [(await failed(provider, an_inquiry(clock))).kind for _ in range(5)]

    assert (kinds, len(vendor.requests)) == (["overloaded"] * 5, 6)


@in_virtual_time
async def test_ten_calls_earn_another_retry(clock):
    vendor, budget = Vendor(answer()), RetryBudget(calls_per_retry=10, floor=1)
    provider = retrying(vendor, clock, budget)
    assert budget.take()
    for _ in range(9):
        await provider.complete(a_request(), an_inquiry(clock))
    vendor.script = [failure(), answer("BUY")]

    assert (await provider.complete(a_request(), an_inquiry(clock))).text == "BUY"


@in_virtual_time
async def test_where_retries_are_off_nothing_is_asked_again_and_they_are_still_earned(clock):
    vendor, inquiry = Vendor(failure()), an_inquiry(clock)

    budget = RetryBudget(calls_per_retry=1, floor=1)
    assert budget.take()

    await failed(Retrying(vendor, budget, clock, Random(1), retries=False), inquiry)

    assert (len(vendor.requests), inquiry.failed_requests, budget.take()) == (1, 1, True)


@in_virtual_time
async def test_what_we_refuse_ourselves_is_neither_counted_nor_asked_again(clock):
    vendor, inquiry = Vendor(NotAskedError("rate_limited", "No place.")), an_inquiry(clock)

    await failed(retrying(vendor, clock), inquiry)

    assert (len(vendor.requests), inquiry.failed_requests) == (1, 0)


@in_virtual_time
async def test_a_retry_that_we_refuse_leaves_the_first_failure(clock):
    vendor = Vendor(failure("overloaded"), NotAskedError("circuit_open", "Left alone."))
    inquiry = an_inquiry(clock)

    error = await failed(retrying(vendor, clock), inquiry)

    assert (error.kind, inquiry.failed_requests) == ("overloaded", 1)


@pytest.mark.parametrize("moment", [0.5, 5.1])
@in_virtual_time
async def test_being_cancelled_passes_through_and_is_no_failure(clock, moment):
    """At first while the vendor is being asked, then in the pause before the retry."""
    vendor = Vendor(slow(clock, 1.0, failure("rate_limited", retry_after_s=10.0)))
    inquiry = an_inquiry(clock)
    asking = asyncio.create_task(retrying(vendor, clock).complete(a_request(), inquiry))
    await clock.passes(moment)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert (len(vendor.requests), inquiry.failed_requests) == (1, 1 if moment > 1.0 else 0)
