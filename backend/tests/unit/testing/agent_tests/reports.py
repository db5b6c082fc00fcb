"""Reports for the tests of how they are shown."""

from tests.unit.testing.agent_tests.test_report import check, outcome, reported

HOSTILE = '<script>alert(1)</script><img src="https://example.com/x">'
LATENCY = {"p50": 1.0, "p90": 2.0, "p99": 3.0, "max": 4.0}
MEASURED = {
    "decisions": 3,
    "latency_ms": LATENCY,
    "latency_ms_by_agent": {"market_analyst": LATENCY, HOSTILE: LATENCY},
    "requests_per_decision": 9,
    "tokens_per_decision": 20_780.1,
    "dollars_per_decision": None,
}
LEVEL = {"at_once": 1, "decisions_per_second": 712.5, "latency_ms": LATENCY, "errors": 0, "memory_mb": None}
RAMP = {"levels": [LEVEL, {**LEVEL, "at_once": 2}], "knee": 1, "knee_found": True}
SEEN = {
    "name": "always BUY",
    "meaning": HOSTILE,
    "caught": False,
    "expectation": "direction",
    "scenario": None,
    "observed": None,
}


def whole_report():
    """A report with every part, and hostile texts in it."""
    report = reported(outcome(check(HOSTILE)), outcome(check(), agent=HOSTILE), outcome(agent="news_analyst"))
    report["benchmark"] = {"panel": MEASURED}
    report["stress"] = {"panel": RAMP}
    report["self_check"] = {"broken_analysts": [SEEN], "caught": 0, "of": 1, "caught_means": "…"}
    return report
