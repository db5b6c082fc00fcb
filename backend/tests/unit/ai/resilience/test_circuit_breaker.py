import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.ai.resilience.attempts import NotAskedError
from app.ai.resilience.circuit_breaker import TELLING, Breaking
from app.domain.errors import ProviderError
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import VirtualClock, a_runner, in_virtual_time

SILENT = sorted(ProviderError.KINDS - TELLING)


async def asked(breaker, clock, seconds=30.0):
    """Ask and return the answer or the error."""
    calls = asyncio.gather(breaker.complete(a_request(), an_inquiry(clock, seconds)), return_exceptions=True)
    return (await calls)[0]


async def opened(clock, vendor=None, **settings):
    """Return a breaker that has just opened, and its vendor."""
    vendor = vendor or Vendor(failure())
    breaker = Breaking(vendor, clock, **settings)
    for _ in range(5):
        await asked(breaker, clock)
    assert breaker.state == "open"
    return breaker, vendor


@pytest.mark.parametrize("kind", sorted(TELLING))
@in_virtual_time
async def test_it_opens_after_five_failures_that_tell_of_the_provider(clock, kind):
    vendor = Vendor(failure(kind))
    breaker = Breaking(vendor, clock)

    states = []
    for _ in range(5):
        await asked(breaker, clock)
        states.append(breaker.state)

    assert (states, breaker.opened_at) == (["closed"] * 4 + ["open"], clock.now())


@pytest.mark.parametrize("kind", SILENT)
@in_virtual_time
async def test_what_is_wrong_with_the_request_tells_nothing_of_the_provider(clock, kind):
    breaker = Breaking(Vendor(failure(kind)), clock)
    for _ in range(20):
        await asked(breaker, clock)

    assert (breaker.state, breaker.opened_at) == ("closed", None)


@in_virtual_time
async def test_a_success_in_between_starts_the_count_again(clock):
    breaker = Breaking(Vendor(*[failure()] * 4, answer(), *[failure()] * 4, answer()), clock)
    for _ in range(10):
        await asked(breaker, clock)

    assert breaker.state == "closed"


@in_virtual_time
async def test_an_open_circuit_says_so_and_asks_nobody(clock):
    breaker, vendor = await opened(clock)
    await clock.passes(4.0)

    error = await asked(breaker, clock)

    assert isinstance(error, NotAskedError)
    assert (error.kind, error.retry_after_s, len(vendor.requests)) == ("circuit_open", pytest.approx(6.0), 5)


@in_virtual_time
async def test_a_success_after_the_rest_closes_it(clock):
    breaker, vendor = await opened(clock)
    vendor.script = [answer()]
    await clock.passes(10.0)
    assert (breaker.state, breaker.opened_at is None) == ("half_open", False)

    completion = await asked(breaker, clock)

    assert (completion, breaker.state, breaker.opened_at) == (answer(), "closed", None)


@in_virtual_time
async def test_each_failed_probe_doubles_the_rest_up_to_five_minutes(clock):
    breaker, vendor = await opened(clock)
    since, rests = breaker.opened_at, []
    for _ in range(7):
        began = clock.monotonic()
        while breaker.state == "open":
            await clock.passes(1.0)
        rests.append(round(clock.monotonic() - began))
        await asked(breaker, clock)

    assert rests == [10, 20, 40, 80, 160, 300, 300]
    assert (len(vendor.requests), breaker.opened_at) == (12, since)


@in_virtual_time
async def test_after_it_has_closed_the_rest_is_short_again(clock):
    breaker, vendor = await opened(clock)
    await clock.passes(10.0)
    await asked(breaker, clock)
    await clock.passes(20.0)
    vendor.script = [answer(), failure()]
    for _ in range(6):
        await asked(breaker, clock)
    await clock.passes(10.0)

    assert breaker.state == "half_open"


@example(failures_to_open=5, callers=50, succeeds=False)
@given(failures_to_open=st.integers(1, 5), callers=st.integers(2, 50), succeeds=st.booleans())
@in_virtual_time
async def test_of_all_who_come_when_it_may_be_tried_again_one_gets_through(clock, failures_to_open, callers, succeeds):
    breaker, vendor = await opened(clock, failures_to_open=failures_to_open)
    await clock.passes(10.0)
    vendor.requests.clear()
    vendor.script = [slow(clock, 1.0, answer() if succeeds else failure())]

    results = await asyncio.gather(*(asked(breaker, clock) for _ in range(callers)))

    refused = [each for each in results if isinstance(each, ProviderError) and each.kind == "circuit_open"]
    assert (len(vendor.requests), len(refused)) == (1, callers - 1)
    assert breaker.state == ("closed" if succeeds else "open")


@in_virtual_time
async def test_a_cancelled_probe_lets_the_next_one_through(clock):
    breaker, vendor = await opened(clock)
    await clock.passes(10.0)
    vendor.script = [slow(clock, 5.0, answer()), answer()]
    probe = asyncio.create_task(asked(breaker, clock))
    await clock.passes(1.0)
    probe.cancel()
    await asyncio.wait([probe])

    assert breaker.state == "half_open"
    assert await asked(breaker, clock) == answer()


@pytest.mark.parametrize("kind", SILENT)
@in_virtual_time
async def test_a_probe_that_tells_nothing_lets_the_next_one_through(clock, kind):
    breaker, vendor = await opened(clock)
    await clock.passes(10.0)
    vendor.script = [failure(kind), answer()]
    await asked(breaker, clock)

    assert breaker.state == "half_open"
    assert await asked(breaker, clock) == answer()


@in_virtual_time
async def test_callers_who_leave_do_not_open_it(clock):
    breaker = Breaking(Vendor(slow(clock, 60.0, answer())), clock)
    for _ in range(20):
        asking = asyncio.create_task(asked(breaker, clock))
        await clock.passes(1.0)
        asking.cancel()
        await asyncio.wait([asking])

    assert breaker.state == "closed"


@pytest.mark.parametrize(("allowed_s", "state"), [(9.9, "closed"), (10.1, "open")])
@in_virtual_time
async def test_callers_in_a_hurry_do_not_take_the_provider_from_others(clock, allowed_s, state):
    breaker = Breaking(Vendor(failure("timeout")), clock)
    for _ in range(5):
        await asked(breaker, clock, allowed_s)

    assert breaker.state == state


@in_virtual_time
async def test_our_own_refusals_do_not_open_it(clock):
    breaker = Breaking(Vendor(NotAskedError("rate_limited", "No place.")), clock)
    for _ in range(20):
        await asked(breaker, clock)

    assert breaker.state == "closed"


@pytest.mark.parametrize("line", [answer(), failure()], ids=["success", "failure"])
@in_virtual_time
async def test_what_was_asked_before_it_opened_comes_too_late_to_tell_anything(clock, line):
    vendor = Vendor(slow(clock, 12.0, line), failure())
    breaker = Breaking(vendor, clock)
    early = asyncio.create_task(asked(breaker, clock))
    await clock.settles()
    for _ in range(5):
        await asked(breaker, clock)
    await clock.passes(11.0)
    vendor.script = [slow(clock, 5.0, answer())]
    probe = asyncio.create_task(asked(breaker, clock))
    await early

    assert breaker.state == "half_open"
    assert (await asked(breaker, clock)).kind == "circuit_open"
    await probe
    assert breaker.state == "closed"


class Circuit(RuleBasedStateMachine):
    """The breaker against a plain account of what it should do, with requests that end in any order."""

    def __init__(self):
        super().__init__()
        self.runner = a_runner()
        self.clock = VirtualClock(self.runner.get_loop())
        self.vendor = Vendor()
        self.breaker = Breaking(self.vendor, self.clock, failures_to_open=3)
        self.open_calls = []  # task, future, era
        self.failures, self.rest, self.until, self.probe, self.era = 0, 10.0, None, None, 0

    def now(self):
        return self.clock.monotonic()

    @rule()
    def ask(self):
        passes = self.until is None or (self.now() >= self.until and self.probe is None)
        future = self.runner.get_loop().create_future()
        self.vendor.script = [future]
        before = len(self.vendor.requests)

        async def begin():
            task = asyncio.create_task(asked(self.breaker, self.clock, 1e9))
            await self.clock.settles()
            return task

        task = self.runner.run(begin())
        assert (len(self.vendor.requests) - before, task.done()) == (passes, not passes)
        if passes:
            call = (task, future, self.era)
            self.open_calls.append(call)
            self.probe = call if self.until is not None else None

    @precondition(lambda self: self.open_calls)
    @rule(data=st.data(), end=st.sampled_from(["success", "failure", "silent", "cancelled"]))
    def end(self, data, end):
        call = self.open_calls.pop(data.draw(st.integers(0, len(self.open_calls) - 1)))
        task, future, era = call
        lines = {"success": answer(), "failure": failure(), "silent": failure("refusal")}

        async def finish():
            task.cancel() if end == "cancelled" else future.set_result(lines[end])
            await asyncio.wait([task])

        self.runner.run(finish())
        if era == self.era:
            self.account(end, is_probe=call is self.probe)

    def account(self, end, is_probe):
        self.probe = None if is_probe else self.probe
        if end == "success":
            self.failures, self.until, self.rest = 0, None, 10.0
        elif end == "failure":
            self.failures += 1
            if is_probe:
                self.rest = min(300.0, 2 * self.rest)
            if is_probe or self.failures >= 3:
                self.until, self.era = self.now() + self.rest, self.era + 1

    @rule(seconds=st.sampled_from([0.5, 5.0, 10.0, 60.0, 301.0]))
    def wait(self, seconds):
        self.runner.run(self.clock.passes(seconds))

    @invariant()
    def it_says_how_it_stands(self):
        open_or_half = "open" if self.until is not None and self.now() < self.until else "half_open"
        assert self.breaker.state == ("closed" if self.until is None else open_or_half)
        assert (self.breaker.opened_at is None) == (self.until is None)

    def teardown(self):
        for task, _, _ in self.open_calls:
            task.cancel()
        self.runner.run(self.clock.settles())
        self.runner.close()


class TestCircuit(Circuit.TestCase):
    settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
