import pytest

from app.messaging.topics import matches


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [
        ("#", "agent.vote.AAPL"),
        ("agent.#", "agent"),
        ("agent.#", "agent.vote.AAPL.risk_advisor"),
        ("agent.vote.*.risk_advisor", "agent.vote.AAPL.risk_advisor"),
        ("#.AAPL", "decision.consensus_result.AAPL"),
        ("agent.#.risk_advisor", "agent.vote.AAPL.risk_advisor"),
        ("alert", "alert"),
    ],
)
def test_a_pattern_fits(pattern, topic):
    assert matches(pattern, topic)


@pytest.mark.parametrize(
    ("pattern", "topic"),
    [
        ("agent.*", "agent"),
        ("agent.*", "agent.vote.AAPL"),
        ("agent.vote", "agent.vote.AAPL"),
        ("*.AAPL", "decision.consensus_result.AAPL"),
        ("alert", "alerts"),
    ],
)
def test_a_pattern_does_not_fit(pattern, topic):
    assert not matches(pattern, topic)
