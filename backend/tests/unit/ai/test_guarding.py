import asyncio
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.guarding import Guards, guarded
from app.ai.resilience.latencies import LEAST
from app.ai.spending.estimates import request_tokens
from app.domain.errors import InvalidInputError, ProviderError
from app.domain.spending import Limits, Spend
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import in_virtual_time
from tests.unit.ai.spending.read_ledger import ReadLedger

DOWN = ["unreachable", "timeout", "overloaded", "server_error", "cut_short", "rate_limited"]


def behind_guards(vendor, clock, per_decision=None, **settings):
    ledger = ReadLedger(per_decision or Limits(), Limits(), clock)
    return guarded(vendor, ledger, clock, Guards(**settings), Random(1)), ledger


async def results(provider, inquiries):
    asked = (provider.complete(a_request(), each) for each in inquiries)
    return await asyncio.gather(*asked, return_exceptions=True)


@in_virtual_time
async def test_from_the_outside_it_is_the_provider_that_it_guards(clock):
    vendor = Vendor(name="anthropic", is_billed=True)
    vendor.takes_tools_with_schema = False
    provider, _ = behind_guards(vendor, clock, hedge_model="large")
    await provider.close()

    assert (provider.name, provider.is_billed, provider.takes_tools_with_schema) == ("anthropic", True, False)
    assert (vendor.closed, provider.state, provider.opened_at) == (1, "closed", None)


@in_virtual_time
async def test_a_request_comes_through_unchanged_and_so_does_the_answer(clock):
    heard = []
    vendor = Vendor(answer("BUY"))
    provider, ledger = behind_guards(vendor, clock)
    inquiry = an_inquiry(clock, heard=heard.append)

    assert await provider.complete(a_request(), inquiry) == answer("BUY")
    assert vendor.requests == [a_request()]
    (seen,) = vendor.inquiries
    assert (seen.symbol, seen.deadline, seen.heard) == (inquiry.symbol, inquiry.deadline, inquiry.heard)
    assert (await ledger.spent_today()).tokens == answer().usage.total


@given(kind=st.sampled_from(DOWN), takes=st.floats(0.0, 40.0), analysts=st.integers(1, 60), places=st.integers(1, 60))
@in_virtual_time
async def test_in_a_total_outage_nobody_sends_more_than_two_requests_and_all_hardly_more_than_one_each(
    clock, kind, takes, analysts, places
):
    """Before the outage a model was usually quick, so that hedges are tried too."""
    vendor = Vendor(slow(clock, 1.0, answer()))
    provider, _ = behind_guards(vendor, clock, hedge_model="large", concurrency=places)
    await results(provider, [an_inquiry(clock, 1e6, "before") for _ in range(LEAST)])
    vendor.script, vendor.inquiries = [slow(clock, takes, failure(kind))], []
    inquiries = [an_inquiry(clock, symbol=str(place)) for place in range(analysts)]

    told = await results(provider, inquiries)

    assert all(isinstance(each, ProviderError) for each in told)
    for inquiry in inquiries:
        assert sum(each.symbol == inquiry.symbol for each in vendor.inquiries) == inquiry.failed_requests <= 2
    assert len(vendor.inquiries) <= analysts + 10 + (LEAST + analysts) / 10
    assert clock.monotonic() <= inquiries[0].deadline + 1e-3


@in_virtual_time
async def test_an_outage_is_soon_met_without_asking_anybody(clock):
    vendor = Vendor(failure("unreachable"))
    provider, ledger = behind_guards(vendor, clock)
    for _ in range(10):
        await results(provider, [an_inquiry(clock)])

    assert (provider.state, provider.opened_at is None, len(vendor.requests)) == ("open", False, 5)
    assert (await ledger.spent_today()).tokens == 0


@in_virtual_time
async def test_a_spent_budget_does_not_count_against_the_provider(clock):
    vendor = Vendor(slow(clock, 1.0, answer()))
    provider, _ = behind_guards(vendor, clock, Limits(tokens=1), concurrency=1)

    told = await results(provider, [an_inquiry(clock) for _ in range(20)])

    assert {each.kind for each in told} == {"budget_spent"}
    assert (vendor.requests, provider.state) == ([], "closed")


@in_virtual_time
async def test_a_full_gate_counts_neither_against_the_provider_nor_as_spent(clock):
    vendor = Vendor(slow(clock, 29.0, answer()))
    provider, ledger = behind_guards(vendor, clock, concurrency=1)
    inquiries = [an_inquiry(clock) for _ in range(20)]

    told = await results(provider, inquiries)

    kinds = sorted(getattr(each, "kind", "answered") for each in told)
    # The second is let in for the last second, which is not enough.
    assert kinds == ["answered", *["rate_limited"] * 18, "timeout"]
    assert (len(vendor.requests), provider.state) == (2, "closed")
    assert sum(each.failed_requests for each in inquiries) == 1
    lost = request_tokens(a_request())
    assert await ledger.spent_today() == Spend(110 + lost, Decimal(0), pytest.approx(30.0, abs=1e-3))


@in_virtual_time
async def test_one_attempt_is_one_request(clock):
    vendor = Vendor(failure("overloaded"))
    provider, _ = behind_guards(vendor, clock, attempts=1)

    await results(provider, [an_inquiry(clock)])

    assert len(vendor.requests) == 1


@in_virtual_time
async def test_a_slow_model_is_hedged_by_the_one_that_is_named(clock):
    vendor = Vendor(slow(clock, 1.0, answer()))
    provider, _ = behind_guards(vendor, clock, hedge_model="large")
    for _ in range(LEAST):
        await results(provider, [an_inquiry(clock)])
    vendor.script = [slow(clock, 20.0, answer()), answer("SELL", "large")]

    (told,) = await results(provider, [an_inquiry(clock)])
    assert (told.text, told.model, told.stand_in) == ("SELL", "large", "large")


@pytest.mark.parametrize(
    "setting",
    [
        {"attempts": 0},
        {"attempts": 3},
        {"concurrency": 0},
        {"requests_per_minute": 0},
        {"failures_to_open": 0},
        {"calls_per_retry": 0},
        {"attempt_timeout_s": 0.0},
        {"shortest_rest_s": 0.0},
        {"longest_rest_s": 9.0},
    ],
)
def test_a_guard_out_of_its_range_is_refused_by_name(setting):
    (name,) = setting
    with pytest.raises(InvalidInputError, match=name):
        Guards(**setting)
