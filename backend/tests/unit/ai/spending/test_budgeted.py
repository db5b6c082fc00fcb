import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.attempts import NotAskedError
from app.ai.resilience.fair_gate import Gated
from app.ai.spending.budgeted import Budgeted
from app.ai.spending.estimates import request_tokens
from app.ai.spending.prices import price_of
from app.domain.completions import Usage
from app.domain.errors import ProviderError
from app.domain.spending import Limits, Spend
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import in_virtual_time
from tests.unit.ai.spending.read_ledger import ReadLedger

CLAUDE = "claude-sonnet-5-5"
ASKED = a_request(CLAUDE)
LENGTH = request_tokens(ASKED)
UNCHARGED = sorted(
    ProviderError.KINDS
    - {"timeout", "cut_short", "invalid_response", "refusal", "too_large", "server_error", "cancelled"}
)
price_of("anthropic", CLAUDE, Usage())  # reads the table: virtual time would not wait for the thread


def a_vendor(*script, is_billed=True):
    return Vendor(*script, name="anthropic" if is_billed else "ollama", is_billed=is_billed)


def a_ledger(clock, per_decision=None, per_day=None):
    return ReadLedger(per_decision or Limits(), per_day or Limits(), clock)


async def failed(provider, clock, request=ASKED, seconds=30.0):
    with pytest.raises(ProviderError) as caught:
        await provider.complete(request, an_inquiry(clock, seconds))
    return caught.value


def near(seconds):
    return pytest.approx(seconds, abs=1e-3)


@in_virtual_time
async def test_what_was_used_is_entered(clock):
    usage = Usage(1_000, 100, cache_read_tokens=200)
    ledger = a_ledger(clock)

    await Budgeted(a_vendor(slow(clock, 3.0, answer(model=CLAUDE, usage=usage))), ledger, clock).complete(
        ASKED, an_inquiry(clock)
    )

    dollars = price_of("anthropic", CLAUDE, usage)
    assert dollars > 0
    assert await ledger.of_decision("decision-1") == await ledger.spent_today() == Spend(1_100, dollars, near(3.0))


@in_virtual_time
async def test_while_a_request_is_out_the_most_it_may_cost_is_reserved(clock):
    most = LENGTH + ASKED.max_tokens
    ledger = a_ledger(clock, Limits(tokens=2 * most - 1))
    provider = Budgeted(a_vendor(slow(clock, 1.0, answer())), ledger, clock)
    first = asyncio.create_task(provider.complete(ASKED, an_inquiry(clock)))
    await clock.settles()

    error = await failed(provider, clock)

    assert (error.kind, len(provider.inner.requests)) == ("budget_spent", 1)
    await first
    await provider.complete(ASKED, an_inquiry(clock))


@in_virtual_time
async def test_the_price_reserved_is_that_of_input_that_goes_into_the_cache(clock):
    dearest = price_of("anthropic", CLAUDE, Usage(LENGTH, ASKED.max_tokens, cache_write_tokens=LENGTH))
    vendor = a_vendor(answer(model=CLAUDE, usage=Usage(LENGTH, ASKED.max_tokens, 0, LENGTH)))
    enough, too_little = (a_ledger(clock, Limits(dollars=each)) for each in (dearest, dearest - Decimal("0.000001")))

    await Budgeted(vendor, enough, clock).complete(ASKED, an_inquiry(clock))

    assert (await enough.spent_today()).dollars == dearest
    assert (await failed(Budgeted(vendor, too_little, clock), clock)).kind == "budget_spent"


@pytest.mark.parametrize(("left_s", "reserved_s"), [(60.0, 30.0), (12.0, 12.0)])
@in_virtual_time
async def test_the_seconds_reserved_are_those_it_may_take(clock, left_s, reserved_s):
    ledger = a_ledger(clock, Limits(seconds=reserved_s - 1.0))

    assert (await failed(Budgeted(a_vendor(), ledger, clock), clock, seconds=left_s)).kind == "budget_spent"

    ledger = a_ledger(clock, Limits(seconds=reserved_s))
    await Budgeted(a_vendor(), ledger, clock).complete(ASKED, an_inquiry(clock, left_s))


@pytest.mark.parametrize("kind", ["timeout", "cut_short", "invalid_response", "refusal", "too_large", "server_error"])
@in_virtual_time
async def test_a_vendor_that_had_begun_may_charge_for_what_it_read(clock, kind):
    ledger = a_ledger(clock)
    vendor = a_vendor(slow(clock, 3.0, failure(kind)))

    await failed(Budgeted(vendor, ledger, clock), clock)

    dollars = price_of("anthropic", CLAUDE, Usage(LENGTH))
    assert await ledger.spent_today() == Spend(LENGTH, dollars, near(3.0))


@pytest.mark.parametrize("kind", UNCHARGED)
@in_virtual_time
async def test_other_failures_cost_nothing_but_time(clock, kind):
    ledger = a_ledger(clock)

    await failed(Budgeted(a_vendor(slow(clock, 3.0, failure(kind))), ledger, clock), clock)

    assert await ledger.spent_today() == Spend(0, Decimal(0), near(3.0))


@pytest.mark.parametrize(("kind", "status"), [("timeout", 408), ("server_error", 500), ("too_large", 413)])
@in_virtual_time
async def test_a_status_that_is_an_error_is_not_charged(clock, kind, status):
    ledger = a_ledger(clock)

    await failed(Budgeted(a_vendor(failure(kind, status=status)), ledger, clock), clock)

    assert (await ledger.spent_today()).tokens == 0


@in_virtual_time
async def test_a_request_that_is_cancelled_may_be_charged_for_what_was_read(clock):
    ledger = a_ledger(clock)
    provider = Budgeted(a_vendor(slow(clock, 60.0, answer())), ledger, clock)
    asking = asyncio.create_task(provider.complete(ASKED, an_inquiry(clock)))
    await clock.passes(2.0)

    asking.cancel()
    await asyncio.wait([asking])

    assert asking.cancelled()
    assert await ledger.spent_today() == Spend(LENGTH, price_of("anthropic", CLAUDE, Usage(LENGTH)), near(2.0))


@in_virtual_time
async def test_what_was_never_sent_costs_nothing(clock):
    """One waits at the gate until it is cancelled, one until it gives up."""
    ledger = a_ledger(clock)
    vendor = a_vendor(slow(clock, 20.0, answer(model=CLAUDE)))
    provider = Budgeted(Gated(vendor, 1, None, clock), ledger, clock)
    first, second = (asyncio.create_task(provider.complete(ASKED, an_inquiry(clock))) for _ in range(2))
    await clock.passes(2.0)

    second.cancel()
    await asyncio.wait([second])
    assert isinstance(await failed(provider, clock, seconds=5.0), NotAskedError)

    assert ((await ledger.spent_today()).tokens, len(vendor.requests)) == (LENGTH + ASKED.max_tokens, 1)
    await first
    assert await ledger.spent_today() == Spend(110, price_of("anthropic", CLAUDE, Usage(100, 10)), near(20.0))


@in_virtual_time
async def test_time_at_the_gate_is_not_the_models(clock):
    ledger = a_ledger(clock)
    provider = Budgeted(Gated(a_vendor(slow(clock, 5.0, answer())), 1, None, clock), ledger, clock)

    await asyncio.gather(*(provider.complete(ASKED, an_inquiry(clock)) for _ in range(4)))

    assert (await ledger.spent_today()).seconds == near(20.0)


@in_virtual_time
async def test_time_at_the_books_is_not_the_models(clock):
    ledger = a_ledger(clock)
    reserve = ledger.books.reserve

    async def slowly(reservation):
        await clock.passes(4.0)
        return await reserve(reservation)

    ledger.books.reserve = slowly
    inquiry = an_inquiry(clock, seconds=30.0)
    await Budgeted(a_vendor(slow(clock, 5.0, answer())), ledger, clock).complete(ASKED, inquiry)

    assert (await ledger.spent_today()).seconds == near(5.0)


@in_virtual_time
async def test_a_model_without_a_price_is_not_asked_where_dollars_are_limited(clock):
    provider = Budgeted(a_vendor(), a_ledger(clock, per_day=Limits(dollars=Decimal(100))), clock)

    error = await failed(provider, clock, a_request("abacus-1"))

    assert (error.kind, provider.inner.requests) == ("budget_spent", [])
    assert "price is unknown" in error.public


@in_virtual_time
async def test_a_model_without_a_price_is_asked_where_they_are_not(clock):
    ledger = a_ledger(clock)

    await Budgeted(a_vendor(answer(model="abacus-1")), ledger, clock).complete(a_request("abacus-1"), an_inquiry(clock))

    assert ((await ledger.spent_today()).tokens, (await ledger.spent_today()).dollars) == (110, Decimal(0))


@in_virtual_time
async def test_a_model_that_answers_under_a_name_nobody_knows_is_priced_as_the_one_that_was_asked(clock):
    ledger = a_ledger(clock, per_day=Limits(dollars=Decimal(100)))

    await Budgeted(a_vendor(answer(model="abacus-1")), ledger, clock).complete(ASKED, an_inquiry(clock))

    assert (await ledger.spent_today()).dollars == price_of("anthropic", CLAUDE, Usage(100, 10))


@in_virtual_time
async def test_dollars_do_not_bind_a_model_of_ones_own(clock):
    ledger = a_ledger(clock, per_day=Limits(dollars=Decimal("0.000001")))

    await Budgeted(a_vendor(is_billed=False), ledger, clock).complete(a_request(), an_inquiry(clock))

    assert ((await ledger.spent_today()).tokens, (await ledger.spent_today()).dollars) == (110, Decimal(0))


@in_virtual_time
async def test_tokens_do(clock):
    ledger = a_ledger(clock, per_day=Limits(tokens=100))

    error = await failed(Budgeted(a_vendor(is_billed=False), ledger, clock), clock, a_request())

    assert error.kind == "budget_spent"


@given(text=st.text(max_size=2_000), max_tokens=st.integers(1, 4_096))
def test_a_request_is_taken_to_have_a_token_for_every_three_bytes(text, max_tokens):
    request = a_request(text=text, max_tokens=max_tokens)

    assert 3 * request_tokens(request) >= len(text.encode())


# When a caller comes, what happens to it after how long, and what share of the most it may use an answer uses.
outcomes = st.sampled_from(["answer", "timeout", "overloaded", "unreachable", "cancelled"])
callers = st.lists(
    st.tuples(st.floats(0.0, 5.0), outcomes, st.floats(0.01, 5.0), st.floats(0.0, 1.0), st.sampled_from("ab")),
    max_size=30,
)


@given(callers=callers, requests=st.floats(0.5, 8.0), dollars=st.floats(0.01, 0.2))
@in_virtual_time
async def test_whatever_happens_in_whatever_order_no_budget_is_overspent(clock, callers, requests, dollars):
    most = Usage(LENGTH, ASKED.max_tokens, cache_write_tokens=LENGTH)
    tokens = requests * most.total
    ledger = a_ledger(clock, Limits(tokens=tokens), Limits.of(2 * tokens, dollars, None))
    vendor = a_vendor()
    provider = Budgeted(Gated(vendor, 3, None, clock), ledger, clock)
    used = {"a": [], "b": []}

    async def visit(comes, outcome, takes, share, decision):
        await clock.passes(comes)
        usage = Usage(int(LENGTH * share), int(ASKED.max_tokens * share))
        vendor.script = [slow(clock, takes, answer(model=CLAUDE, usage=usage))]
        if outcome not in ("answer", "cancelled"):
            vendor.script = [slow(clock, takes, failure(outcome))]
        inquiry = an_inquiry(clock, 8.0, decision, decision)
        asking = asyncio.create_task(provider.complete(ASKED, inquiry))
        await asyncio.wait([asking], timeout=takes / 2 if outcome == "cancelled" else None)
        asking.cancel()
        (result,) = await asyncio.gather(asking, return_exceptions=True)
        if not isinstance(result, BaseException):
            used[decision].append(result.usage)
        for each in used:
            assert (await ledger.of_decision(each)).tokens <= tokens
        assert (await ledger.spent_today()).tokens <= 2 * tokens
        assert float((await ledger.spent_today()).dollars) <= dollars + 1e-9

    await asyncio.gather(*(visit(*each) for each in callers))

    for decision, usages in used.items():
        assert (await ledger.of_decision(decision)).tokens >= sum(each.total for each in usages)
    # Nothing is held any more: what is left can be spent to the last token.
    left = int(tokens - (await ledger.of_decision("a")).tokens)
    if 0 < left <= 2 * tokens - (await ledger.spent_today()).tokens:
        await (await ledger.reserve("a", Spend(left), 5.0)).release()
