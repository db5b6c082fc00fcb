import asyncio
from dataclasses import replace
from random import Random

import pytest

from app.ai.resilience.attempts import NotAskedError
from app.ai.resilience.hedging import Hedged, Spare
from app.ai.resilience.latencies import LEAST, Latencies
from app.ai.resilience.retry_budget import RetryBudget
from app.ai.resilience.retrying import Retrying
from app.domain.errors import InvalidInputError, ProviderError
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import in_virtual_time

USUAL_S = 2.0
LARGE, SMALL = answer("BUY", "large"), answer("SELL", "small")
STOOD_IN = replace(SMALL, stand_in="small")


class Scene:
    """A large model that is known to take two seconds, hedged by a small one."""

    def __init__(self, clock, first, spare=SMALL, known=LEAST, floor=10):
        self.clock = clock
        self.first, self.spare = Vendor(first), Vendor(spare)
        self.latencies = Latencies()
        for _ in range(known):
            self.latencies.note("large", USUAL_S)
        self.budget = RetryBudget(floor=floor)
        spare = Spare(self.retrying(self.spare), "small")
        self.hedged = Hedged(self.retrying(self.first), spare, self.latencies, self.budget, clock)
        self.inquiry = an_inquiry(clock)

    def retrying(self, vendor):
        return Retrying(vendor, self.budget, self.clock, Random(1))

    async def ask(self):
        """Return the answer, or the kind of error, and after how many seconds it came."""
        began = self.clock.monotonic()
        (result,) = await asyncio.gather(self.hedged.complete(a_request("large"), self.inquiry), return_exceptions=True)
        return getattr(result, "kind", result), pytest.approx(self.clock.monotonic() - began, abs=1e-3)

    @property
    def asked(self):
        return len(self.first.requests), len(self.spare.requests)


@in_virtual_time
async def test_a_model_as_fast_as_usual_is_not_hedged(clock):
    scene = Scene(clock, slow(clock, 1.9, LARGE))

    assert await scene.ask() == (LARGE, 1.9)
    assert (scene.asked, scene.inquiry.failed_requests) == ((1, 0), 0)


@in_virtual_time
async def test_when_the_first_is_slow_the_spare_is_asked_and_the_first_let_go(clock):
    scene = Scene(clock, slow(clock, 20.0, LARGE), slow(clock, 1.0, SMALL))

    assert await scene.ask() == (STOOD_IN, USUAL_S + 1.0)
    assert (scene.asked, scene.inquiry.failed_requests, scene.first.at_once) == ((1, 1), 0, 0)
    assert [each.model for each in scene.spare.requests] == ["small"]


@in_virtual_time
async def test_the_first_may_still_win(clock):
    scene = Scene(clock, slow(clock, 2.5, LARGE), slow(clock, 1.0, SMALL))

    assert await scene.ask() == (LARGE, 2.5)
    assert (scene.asked, scene.inquiry.failed_requests, scene.spare.at_once) == ((1, 1), 0, 0)


@in_virtual_time
async def test_before_twenty_answers_nothing_is_hedged(clock):
    scene = Scene(clock, slow(clock, 20.0, LARGE), known=LEAST - 1)

    assert await scene.ask() == (LARGE, 20.0)
    assert scene.asked == (1, 0)


@in_virtual_time
async def test_its_own_answers_make_the_figure(clock):
    scene = Scene(clock, slow(clock, 1.0, LARGE), known=0)
    for _ in range(LEAST):
        await scene.ask()
    scene.first.script = [slow(clock, 20.0, LARGE)]

    assert scene.latencies.p95_s("large") == pytest.approx(1.0, abs=1e-3)
    assert (await scene.ask())[0] == STOOD_IN
    assert scene.latencies.p95_s("small") is None


@in_virtual_time
async def test_without_retries_to_spend_nothing_is_hedged(clock):
    scene = Scene(clock, slow(clock, 20.0, LARGE), floor=0)

    assert await scene.ask() == (LARGE, 20.0)
    assert scene.asked == (1, 0)


@in_virtual_time
async def test_a_hedge_costs_a_retry(clock):
    scene = Scene(clock, slow(clock, 20.0, LARGE), floor=1)

    await scene.ask()

    assert not scene.budget.take()


@in_virtual_time
async def test_when_the_first_fails_the_spare_is_waited_for(clock):
    scene = Scene(clock, slow(clock, 3.0, failure("overloaded")), slow(clock, 5.0, SMALL))

    assert await scene.ask() == (STOOD_IN, USUAL_S + 5.0)
    assert (scene.asked, scene.inquiry.failed_requests) == ((1, 1), 1)


@in_virtual_time
async def test_when_both_fail_the_error_of_the_first_is_told_and_nothing_is_asked_again(clock):
    scene = Scene(clock, slow(clock, 5.0, failure("overloaded")), slow(clock, 1.0, failure("server_error")))

    assert await scene.ask() == ("overloaded", 5.0)
    assert (scene.asked, scene.inquiry.failed_requests) == ((1, 1), 2)


@in_virtual_time
async def test_a_retry_is_not_hedged(clock):
    scene = Scene(clock, failure("overloaded"))
    scene.first.script = [failure("overloaded"), slow(clock, 10.0, LARGE)]

    assert (await scene.ask())[0] == LARGE
    assert (scene.asked, scene.inquiry.failed_requests) == ((2, 0), 1)


@in_virtual_time
async def test_only_the_first_is_heard(clock):
    scene = Scene(clock, slow(clock, 20.0, LARGE))
    scene.inquiry.heard = [].append

    await scene.ask()

    assert [each.heard for each in scene.first.inquiries] == [scene.inquiry.heard]
    assert [each.heard for each in scene.spare.inquiries] == [None]


@pytest.mark.parametrize("moment", [1.0, 5.0], ids=["before the hedge", "after it"])
@in_virtual_time
async def test_being_cancelled_ends_both(clock, moment):
    scene = Scene(clock, slow(clock, 20.0, LARGE), slow(clock, 20.0, SMALL))
    asking = asyncio.create_task(scene.hedged.complete(a_request("large"), scene.inquiry))
    await clock.passes(moment)

    asking.cancel()
    await asyncio.wait([asking])

    assert asking.cancelled()
    assert (scene.first.at_once, scene.spare.at_once) == (0, 0)
    assert sum(scene.asked) == (1 if moment < USUAL_S else 2)


@in_virtual_time
async def test_a_model_does_not_hedge_itself(clock):
    scene = Scene(clock, slow(clock, 20.0, SMALL))
    for _ in range(LEAST):
        scene.latencies.note("small", USUAL_S)

    await scene.hedged.complete(a_request("small"), scene.inquiry)

    assert scene.asked == (1, 0)


@in_virtual_time
async def test_another_vendor_cannot_be_the_spare(clock):
    spare = Spare(Vendor(name="anthropic"), "claude-haiku-5-5")

    with pytest.raises(InvalidInputError, match="another model of ollama"):
        Hedged(Vendor(name="ollama"), spare, Latencies(), RetryBudget(), clock)


@in_virtual_time
async def test_a_failure_in_time_is_told_as_it_is(clock):
    scene = Scene(clock, slow(clock, 1.0, failure("refusal")))

    with pytest.raises(ProviderError, match="refusal"):
        await scene.hedged.complete(a_request("large"), scene.inquiry)

    assert scene.asked == (1, 0)


@in_virtual_time
async def test_a_hedge_that_we_refuse_ourselves_is_no_failed_request(clock):
    scene = Scene(clock, slow(clock, 5.0, failure("refusal")), NotAskedError("circuit_open", "Left alone."))

    assert await scene.ask() == ("refusal", 5.0)
    assert scene.inquiry.failed_requests == 1


@pytest.mark.parametrize(
    ("first_s", "first", "spare", "spared"),
    [
        (20.0, LARGE, SMALL, 1),
        (2.5, LARGE, SMALL, 1),
        (4.0, LARGE, failure("overloaded"), 1),
        (4.0, LARGE, NotAskedError("circuit_open", "Left alone."), 0),
        (3.0, failure("overloaded"), SMALL, 0),
        (1.0, LARGE, SMALL, 0),
    ],
    ids=["the spare wins", "the first wins", "the spare fails", "no spare", "the first fails", "nothing is hedged"],
)
@in_virtual_time
async def test_every_request_that_was_sent_is_told_of(clock, first_s, first, spare, spared):
    scene = Scene(clock, slow(clock, first_s, first), slow(clock, 1.5, spare))

    await scene.ask()

    refused = isinstance(spare, NotAskedError)
    assert scene.inquiry.spared_requests == spared
    assert 1 + scene.inquiry.failed_requests + spared == sum(scene.asked) - refused
