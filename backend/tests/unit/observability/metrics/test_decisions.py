from datetime import timedelta

import pytest

from app.domain.errors import StoreUnavailableError
from app.domain.events import coordination
from app.observability.metrics.decisions import metered_store, outcome_of
from app.observability.metrics.registry import Metrics
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.contracts.decision_drafts import NOW, a_draft, a_step
from tests.unit.observability.metrics.figures import risen, value


def result(**changes):
    usual = {"final_decision": "BUY", "resolved_by": "method", "confidence": 0.55, "support": 0.75, "degraded": False}
    return {**usual, **changes}


def a_decision(**changes):
    requested = coordination("consensus_requested", "AAPL", "d1", {"conflict_resolution": "conservative"}, NOW)
    reached = coordination("consensus_result", "AAPL", "d1", result(**changes), NOW + timedelta(seconds=2))
    return a_draft(events=(requested, reached))


@pytest.fixture
def metrics():
    metrics = Metrics()
    metrics.expect(strategy="conservative")
    return metrics


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "ok"),
        ({"degraded": True}, "degraded"),
        ({"resolved_by": "risk_veto", "degraded": True}, "vetoed"),
        ({"final_decision": "NO_DECISION", "resolved_by": "risk_veto", "degraded": True}, "no_quorum"),
    ],
)
def test_a_decision_comes_out_in_one_way(changes, outcome):
    assert outcome_of(result(**changes)) == outcome


async def test_a_stored_decision_is_counted_with_what_the_feed_is_told_of_it(metrics):
    store = metered_store(InMemoryDecisionStore(), metrics)
    await store.append(a_decision())

    assert risen(metrics, "conclave_decisions_total") == {("BUY", "ok"): 1}
    assert value(metrics, "conclave_decision_confidence_ratio_sum", action="BUY") == 0.55
    assert value(metrics, "conclave_decision_disagreement_ratio_sum", action="BUY") == 0.25
    assert value(metrics, "conclave_consensus_duration_seconds_sum", strategy="conservative") == 2.0
    assert value(metrics, "conclave_store_commit_duration_seconds_count") == 1


async def test_one_that_could_not_be_stored_is_not(metrics):
    class Full(InMemoryDecisionStore):
        async def append(self, draft):
            raise StoreUnavailableError("The disk is full.")

    with pytest.raises(StoreUnavailableError):
        await metered_store(Full(), metrics).append(a_decision())
    assert risen(metrics, "conclave_decisions_total") == {}


async def test_one_that_cannot_be_read_is_stored_all_the_same(metrics):
    store = metered_store(InMemoryDecisionStore(), metrics)
    committed = await store.append(a_draft(events=(a_step("consensus_requested"), a_step("consensus_result"))))

    assert await store.get("d1") == committed.record
    assert risen(metrics, "conclave_decisions_total") == {}


async def test_no_confidence_counts_as_none_at_all(metrics):
    store = metered_store(InMemoryDecisionStore(), metrics)
    await store.append(a_decision(final_decision="NO_DECISION", confidence=None, support=None))
    assert value(metrics, "conclave_decision_confidence_ratio_bucket", action="NO_DECISION", le="0.1") == 1


async def test_a_clock_that_was_set_back_makes_no_negative_time(metrics):
    requested = coordination("consensus_requested", "AAPL", "d1", {"conflict_resolution": "conservative"}, NOW)
    reached = coordination("consensus_result", "AAPL", "d1", result(), NOW - timedelta(hours=1))
    await metered_store(InMemoryDecisionStore(), metrics).append(a_draft(events=(requested, reached)))
    assert value(metrics, "conclave_consensus_duration_seconds_sum", strategy="conservative") == 0
