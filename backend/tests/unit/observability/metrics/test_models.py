import asyncio
from decimal import Decimal

import pytest

from app.ai.guarding import Guards, guarded
from app.ai.spending.ledger import Ledger
from app.ai.spending.limits import Limits
from app.domain.errors import ProviderError
from app.observability.metrics.models import MOST_MODELS, ModelMetrics
from app.observability.metrics.registry import Metrics
from tests.unit.ai.resilience.vendor import Vendor, a_request, an_inquiry, answer, failure, slow
from tests.unit.ai.resilience.virtual_time import in_virtual_time
from tests.unit.observability.metrics.figures import risen, value


def by_token(_provider, model, usage):
    return Decimal(usage.total) / 1_000 if model == "small" else None


def figures():
    metrics = Metrics()
    return metrics, ModelMetrics(metrics, by_token)


def behind_guards(vendor, clock, models, **guards):
    ledger = Ledger(Limits(), Limits(), clock)
    return guarded(models.around(vendor), ledger, clock, Guards(**guards), watch=models)


@in_virtual_time
async def test_an_answer_is_counted_with_its_tokens_and_its_price(clock):
    metrics, models = figures()
    provider = models.around(Vendor(answer(), name="anthropic", is_billed=True))

    completion = await provider.complete(a_request(), an_inquiry(clock))

    assert completion.text == "HOLD"
    assert risen(metrics, "conclave_llm_requests_total") == {("small", "ok", "anthropic"): 1}
    assert risen(metrics, "conclave_llm_tokens_total") == {
        ("input", "small", "anthropic"): 100,
        ("output", "small", "anthropic"): 10,
    }
    assert value(metrics, "conclave_llm_cost_dollars_total", provider="anthropic", model="small") == 0.11


@in_virtual_time
async def test_where_the_price_of_the_named_model_is_not_known_that_of_the_asked_one_counts(clock):
    metrics, models = figures()
    vendor = Vendor(answer(model="small-20261101"), name="anthropic", is_billed=True)
    await models.around(vendor).complete(a_request(), an_inquiry(clock))
    assert value(metrics, "conclave_llm_cost_dollars_total", provider="anthropic", model="small") == 0.11


@in_virtual_time
async def test_what_is_not_billed_or_has_no_price_costs_nothing(clock):
    metrics, models = figures()
    await models.around(Vendor()).complete(a_request(), an_inquiry(clock))
    await models.around(Vendor(answer(model="big"), is_billed=True)).complete(a_request("big"), an_inquiry(clock))
    assert risen(metrics, "conclave_llm_cost_dollars_total") == {}


@pytest.mark.parametrize("kind", ["overloaded", "refusal", "timeout"])
@in_virtual_time
async def test_a_failure_is_counted_by_its_kind(clock, kind):
    metrics, models = figures()
    with pytest.raises(ProviderError):
        await models.around(Vendor(failure(kind))).complete(a_request(), an_inquiry(clock))
    assert risen(metrics, "conclave_llm_requests_total") == {("small", kind, "ollama"): 1}
    assert risen(metrics, "conclave_llm_request_duration_seconds_count") == {("small", kind, "ollama"): 1}


@in_virtual_time
async def test_a_request_that_nobody_waits_for_any_more_is_counted_as_cancelled(clock):
    metrics, models = figures()
    asked = asyncio.create_task(
        models.around(Vendor(slow(clock, 60, answer()))).complete(a_request(), an_inquiry(clock, 100))
    )
    await clock.passes(1)
    asked.cancel()
    await asyncio.wait([asked])
    assert risen(metrics, "conclave_llm_requests_total") == {("small", "cancelled", "ollama"): 1}


@in_virtual_time
async def test_a_retry_is_counted_and_so_is_each_of_its_requests(clock):
    metrics, models = figures()
    provider = behind_guards(Vendor(failure("overloaded"), answer()), clock, models)

    await provider.complete(a_request(), an_inquiry(clock))

    assert risen(metrics, "conclave_llm_retries_total") == {("ollama", "overloaded"): 1}
    assert risen(metrics, "conclave_llm_requests_total") == {
        ("small", "overloaded", "ollama"): 1,
        ("small", "ok", "ollama"): 1,
    }


@in_virtual_time
async def test_a_request_that_finds_no_free_place_is_counted_as_put_off(clock):
    metrics, models = figures()
    provider = behind_guards(Vendor(slow(clock, 60, answer())), clock, models, concurrency=1, attempts=1)
    first = asyncio.create_task(provider.complete(a_request(), an_inquiry(clock, 100)))
    await clock.settles()
    with pytest.raises(ProviderError):
        await provider.complete(a_request(), an_inquiry(clock, 2))
    await first
    assert risen(metrics, "conclave_rate_limited_total") == {("provider",): 1}


@in_virtual_time
async def test_the_breaker_shows_the_state_it_is_in(clock):
    metrics, models = figures()
    provider = behind_guards(Vendor(failure("overloaded")), clock, models, attempts=1, failures_to_open=1)
    seen = []
    for wait_s in (0.0, 11.0):
        with pytest.raises(ProviderError):
            await provider.complete(a_request(), an_inquiry(clock))
        models.show_circuits({"ollama": provider})
        seen.append(risen(metrics, "conclave_circuit_state"))
        await clock.passes(wait_s + 11.0)
        models.show_circuits({"ollama": provider})
        seen.append(risen(metrics, "conclave_circuit_state"))
    assert seen == [{("ollama", "open"): 1}, {("ollama", "half_open"): 1}] * 2


def test_there_is_an_end_to_the_models_that_are_told_apart():
    metrics, models = figures()
    for number in range(MOST_MODELS + 10):
        models.expect("ollama", f"m{number}")
    models.requests.at("ollama", f"m{MOST_MODELS + 5}", "ok").inc()
    assert risen(metrics, "conclave_llm_requests_total") == {("other", "ok", "ollama"): 1}
