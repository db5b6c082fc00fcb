from io import StringIO

import pytest
from rich.console import Console

from app.cli.explanation import show_explanation
from app.cli.record_view import how, show_record
from app.consensus.config import ConsensusConfig
from app.consensus.engine import decide
from app.domain.votes import engine_vote

DEFAULTS = {"method": "weighted", "strategy": "conservative", "risk_veto": True}


def a_vote(role, decision, confidence, **others):
    return {
        "agent_id": f"{role}_AAPL",
        "agent_type": role,
        "symbol": "AAPL",
        "decision": decision,
        "confidence": confidence,
        "reasoning": f"the reason of {role}",
        "timestamp": "2024-01-01T00:00:00+00:00",
        "source": "rules",
        "latency_ms": 1.5,
        "tools": ["compute_indicators"],
        **others,
    }


def a_record(*votes, **changed):
    config = ConsensusConfig.of(
        {**DEFAULTS, "roster": [vote["agent_id"] for vote in votes], **changed.pop("config", {})}
    )
    result = decide([engine_vote(vote) for vote in votes], config).as_dict()
    settings = config.as_dict()
    counted = {name: result[name] for name in ("tally", "n_valid", "n_expected")}
    return {
        **result,
        "decision_id": "an-id",
        "symbol": "AAPL",
        "final_recommendation": result["decision"],
        "degraded": False,
        "degraded_reasons": [],
        "votes": list(votes),
        "not_applicable": [],
        "consensus": {"method": settings["method"], "effective_votes": 2.0, "config": settings, **counted},
        "as_of": "2024-01-01T00:00:00+00:00",
        "sequence": 3,
        **changed,
    }


def shown(record, *views):
    out = Console(file=StringIO(), width=200, highlight=False, markup=False, emoji=False)
    for view in views or (show_record,):
        view(out, record)
    return out.file.getvalue()


BULL = a_vote("market_analyst", "BUY", 0.8)
BEAR = a_vote("technical_analyst", "SELL", 0.8)
CAREFUL = a_vote("risk_advisor", "HOLD", 0.7, risk=0.6)


@pytest.mark.parametrize(
    ("votes", "config", "words"),
    [
        ([BULL], {}, "the votes settled it by the method weighted"),
        ([BULL, BEAR], {}, "the votes were tied, so the strategy conservative decided"),
        (
            [BULL, a_vote("news_analyst", "BUY", 0.9), CAREFUL],
            {},
            "the votes settled it, then the risk veto stopped the trade",
        ),
        ([BULL], {"min_confidence": 0.9}, "the votes settled it, then the confidence was too low for a trade"),
        ([], {}, "nobody could vote, so there is no decision"),
        ([BULL, BEAR], {"method": "bft"}, "the panel did not agree, so the strategy conservative decided"),
    ],
)
def test_a_decision_reads_as_what_it_is(votes, config, words):
    assert how(a_record(*votes, config=config)) == words


def test_status_and_resolved_by_stand_beside_the_decision():
    first = shown(a_record(BULL, BEAR)).splitlines()[0]

    assert "HOLD  status tie, resolved_by conservative" in first


def test_every_vote_is_shown_with_its_reason():
    text = shown(a_record(BULL, CAREFUL))

    assert all(f"the reason of {role}" in text for role in ("market_analyst", "risk_advisor"))


def test_what_is_amiss_is_told():
    text = shown(
        a_record(
            BULL,
            a_vote("news_analyst", "ABSTAIN", None),
            degraded=True,
            degraded_reasons=["stale"],
            not_applicable=[{"agent_type": "risk_advisor", "needs": "30 bars of history, 2 given"}],
        )
    )

    assert "degraded: stale" in text
    assert "missing: news_analyst_AAPL" in text
    assert "not counted: news_analyst_AAPL (abstain)" in text
    assert "not asked: risk_advisor needs 30 bars of history, 2 given" in text


def test_text_from_outside_can_neither_steer_the_terminal_nor_pass_for_markup():
    text = shown(a_record(a_vote("news_analyst", "BUY", 0.8, reasoning="[red]up[/red] \x1b[2J\x07 :smile:")))

    assert "[red]up[/red]" in text
    assert ":smile:" in text
    assert "\x1b" not in text
    assert "\x07" not in text


def test_an_explanation_shows_reasons_stops_tools_and_the_arithmetic():
    record = a_record(a_vote("market_analyst", "BUY", 0.8, stop_loss=95.5, position_size=0.1), CAREFUL)
    text = shown(record, show_explanation)

    assert "stop_loss 95.5000" in text
    assert "tools: compute_indicators" in text
    assert "effective number of votes" in text
    assert "BULL: 0.8000 of 1.5000, 53.3%" in text
    assert "one side with more than 50% of the mass" in text
    assert "resolved_by risk_veto" in text


@pytest.mark.parametrize("method", ["majority", "weighted", "median", "unanimous", "risk_adjusted", "bft"])
def test_the_arithmetic_is_shown_for_every_method(method):
    text = shown(a_record(BULL, BEAR, CAREFUL, config={"method": method}), show_explanation)

    assert f"Ballots under {method}" in text


def test_a_decision_without_votes_can_be_explained():
    assert "NO_DECISION" in shown(a_record(), show_record, show_explanation)
