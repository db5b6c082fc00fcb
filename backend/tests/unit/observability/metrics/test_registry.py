import pytest

from app.observability.metrics import catalogue
from app.observability.metrics.catalogue import CATALOGUE, DECISIONS, HTTP_REQUESTS, LLM_TOKENS
from app.observability.metrics.registry import Metrics
from app.observability.metrics.specs import Counter, Histogram
from tests.unit.observability.metrics.figures import risen, series, value


def test_series_whose_labels_are_known_are_there_before_anything_happens():
    metrics = Metrics()
    assert value(metrics, "conclave_decisions_total", action="BUY", outcome="ok") == 0
    assert value(metrics, "conclave_audit_chain_valid") == 0
    assert value(metrics, "conclave_decision_confidence_ratio_bucket", action="HOLD", le="0.5") == 0


def test_announced_values_make_series_in_every_metric_that_needs_no_other():
    metrics = Metrics()
    metrics.expect(provider="anthropic")
    metrics.expect(provider="anthropic", model="claude")

    assert value(metrics, "conclave_circuit_state", provider="anthropic", state="open") == 0
    assert value(metrics, "conclave_llm_tokens_total", provider="anthropic", model="claude", direction="input") == 0
    assert len([name for name, _ in series(metrics) if name == "conclave_llm_tokens_total"]) == 2


def test_a_value_that_nobody_announced_counts_as_other():
    metrics = Metrics()
    metrics.expect(method="GET", route="/health")
    for number in range(1_000):
        metrics.counter(HTTP_REQUESTS).at("GET", f"/secret/{number}", "2xx").inc()
    metrics.counter(DECISIONS).at("SHORT", "ok").inc()

    assert risen(metrics, "conclave_http_requests_total") == {("GET", "other", "2xx"): 1_000}
    assert risen(metrics, "conclave_decisions_total") == {("other", "ok"): 1}


def test_announcing_twice_keeps_what_was_counted():
    metrics = Metrics()
    metrics.expect(provider="a", model="b")
    metrics.counter(LLM_TOKENS).at("a", "b", "input").inc(5)
    metrics.expect(provider="a", model="b")
    assert risen(metrics, "conclave_llm_tokens_total") == {("input", "b", "a"): 5}


def test_the_times_at_which_series_began_are_left_out():
    assert [name for name, _ in series(Metrics()) if name.endswith("_created")] == []


def test_the_process_is_told_of():
    assert (value(Metrics(), "process_resident_memory_bytes") or 0) > 0
    assert (value(Metrics(), "process_open_fds") or 0) > 0


async def test_a_source_that_fails_keeps_no_other_from_telling():
    metrics, told = Metrics(), []

    async def broken():
        raise RuntimeError("no figures")

    async def working():
        told.append("looked")

    metrics.add_source(broken)
    forget = metrics.add_source(working)
    await metrics.refresh()
    forget()
    await metrics.refresh()
    assert told == ["looked"]


@pytest.mark.parametrize("metric", CATALOGUE, ids=[each.name for each in CATALOGUE])
def test_names_have_prefix_and_unit_and_buckets_rise(metric):
    assert metric.name.startswith("conclave_")
    assert metric.name.endswith("_total") == isinstance(metric, Counter)
    assert metric.help.endswith(".")
    if isinstance(metric, Histogram):
        assert metric.name.endswith(("_seconds", "_ratio"))
        assert list(metric.buckets) == sorted(set(metric.buckets))


def test_the_usual_deadline_of_a_decision_is_the_edge_of_a_bucket():
    from app.domain.questions import DEFAULT_TIMEOUT_S

    assert DEFAULT_TIMEOUT_S in catalogue.MODEL_S


def test_no_metric_has_a_label_for_what_has_no_end():
    names = {label for metric in CATALOGUE for label in metric.label_names}
    assert names.isdisjoint({"symbol", "path", "user", "decision_id", "correlation_id", "agent_id", "key", "client"})
