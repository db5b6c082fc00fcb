"""The laws of the engine, each with the limits inside which it is claimed."""

from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.consensus.engine import decide
from tests.unit.consensus.builders import (
    AGENTS,
    CONFIDENCES,
    DIRECTIONS,
    LEVEL,
    METHODS,
    STRATEGIES,
    WEIGHTS,
    WORDS,
    camp,
    configs,
    messy_panels,
    panels,
    vote,
)

OPPOSITE = dict(zip(WORDS, reversed(WORDS), strict=True))
BY_CONFIDENCE = ("weighted", "risk_adjusted")
MORE = settings(max_examples=100, deadline=None)


@given(messy_panels(), configs(), st.randoms(use_true_random=False))
@MORE
def test_the_order_of_the_votes_changes_nothing(sent: list[Any], config: dict[str, Any], random: Random) -> None:
    shuffled = random.sample(sent, len(sent))

    assert repr(decide(shuffled, config).as_dict()) == repr(decide(sent, config).as_dict())


@given(panels(), configs(), st.permutations(AGENTS))
@MORE
def test_renaming_the_agents_changes_nothing_but_names(
    sent: list[Any], config: dict[str, Any], names: list[str]
) -> None:
    new = dict(zip(AGENTS, names, strict=True))
    renamed = decide(
        [one | {"agent_id": new[one["agent_id"]]} for one in sent],
        config | {"weights": {new[agent]: weight for agent, weight in config["weights"].items()}},
    )

    before = decide(sent, config)
    assert renamed == before._replace(missing=tuple(sorted(new[agent] for agent in before.missing)))


@given(panels(), configs())
@MORE
def test_swapping_buys_and_sells_mirrors_the_result(sent: list[Any], config: dict[str, Any]) -> None:
    mirrored = decide(
        [one | {"decision": OPPOSITE[one["decision"]]} for one in sent], config | {"position": -config["position"]}
    )

    before = decide(sent, config)
    bear, hold, bull = before.tally
    assert mirrored == before._replace(
        decision=OPPOSITE.get(before.decision, before.decision), tally=type(before.tally)(bull, hold, bear)
    )


@given(panels(), configs(), st.integers(2, 100_000))
@MORE
def test_multiplying_all_weights_changes_no_decision(sent: list[Any], config: dict[str, Any], times: int) -> None:
    scaled = config | {"weights": {agent: weight * times for agent, weight in config["weights"].items()}}

    assert decide(sent, scaled).decision == decide(sent, config).decision


@given(panels(), configs())
@MORE
def test_a_direction_never_comes_with_confidence_zero(sent: list[Any], config: dict[str, Any]) -> None:
    result = decide(sent, config)

    assert result.decision not in DIRECTIONS or result.confidence > 0


def test_a_direction_whose_confidence_vanishes_in_nine_decimals_still_has_one() -> None:
    sent = [vote("a", "BUY", 0.000001), vote("b", "HOLD", 0)]
    result = decide(sent, {"weights": {"a": 0.000001, "b": 1_000_000}})

    assert (result.decision, result.confidence) == ("BUY", 0)


@given(panels(), configs(roster=list(AGENTS)), st.sampled_from(WORDS), st.sampled_from(CONFIDENCES))
@MORE
def test_a_stranger_changes_nothing_but_rejected(
    sent: list[Any], config: dict[str, Any], word: str, confidence: float
) -> None:
    before = decide(sent, config)
    after = decide([*sent, vote("stranger", word, confidence, role="risk_manager", risk=1)], config)

    assert after == before._replace(rejected=(*before.rejected, ("stranger", "unknown_agent")))


@given(
    configs(risk_veto=False, market_risk=0, threshold=0.5),
    st.sampled_from(WORDS),
    st.sampled_from(CONFIDENCES),
    st.lists(st.sampled_from([weight for weight in WEIGHTS if weight > 0]), min_size=1, max_size=5),
)
@MORE
def test_a_panel_of_one_mind_gets_what_it_says(
    config: dict[str, Any], word: str, confidence: float, weights: list[float]
) -> None:
    assume(confidence > config["min_confidence"])
    named = dict(zip(AGENTS, weights, strict=False))

    result = decide([vote(agent, word, confidence) for agent in named], config | {"weights": named, "roster": None})

    assert (result.decision, result.status) == (word, "decided")


def _raised(sent: list[Any], index: int, confidence: float) -> list[Any]:
    return [one | {"confidence": confidence} if place == index else one for place, one in enumerate(sent)]


KEEPS_ITS_CAMP = [
    (method, strategy) for method in ("majority", "median", "unanimous", "bft") for strategy in STRATEGIES
]
KEEPS_ITS_CAMP += [(method, strategy) for method in BY_CONFIDENCE for strategy in ("conservative", "weighted_average")]


@given(panels(), configs(), st.sampled_from(KEEPS_ITS_CAMP), st.sampled_from(CONFIDENCES))
@settings(max_examples=200, deadline=None)
def test_a_surer_supporter_keeps_the_winning_camp(
    sent: list[Any], config: dict[str, Any], rule: tuple[str, str], confidence: float
) -> None:
    config = config | {"method": rule[0], "strategy": rule[1]}
    before = decide(sent, config)
    assume(before.decision != "NO_DECISION")
    may_fall = {0} if rule[0] == "risk_adjusted" else set()

    for index, one in enumerate(sent):
        if camp(one["decision"]) == camp(before.decision) and confidence > one["confidence"]:
            after = decide(_raised(sent, index, confidence), config)
            assert camp(after.decision) in {camp(before.decision)} | may_fall


AT_LEAST_HALF = st.sampled_from([0.5, 0.5, 0.75, 0.9])
MONOTONE: dict[str, Any] = {
    "method": st.sampled_from(["majority", "weighted", "median", "risk_adjusted"]),
    "strategy": "conservative",
    "threshold": AT_LEAST_HALF,
    "risk_veto": False,
    "min_confidence": 0.0,
    "conflict_trigger": "unresolved",
}


@given(
    panels(risk=False),
    configs(**MONOTONE),
    st.integers(0, 4),
    st.integers(1, 4),
)
@settings(max_examples=200, deadline=None)
def test_a_vote_that_moves_up_never_moves_the_result_down(
    sent: list[Any], config: dict[str, Any], index: int, steps: int
) -> None:
    index %= len(sent)
    higher = min(LEVEL[sent[index]["decision"]] + steps, 2)
    moved = [one | {"decision": WORDS[higher + 2]} if place == index else one for place, one in enumerate(sent)]

    before, after = (decide(some, config) for some in (sent, moved))

    if config["method"] == "median":
        assert LEVEL[after.decision] >= LEVEL[before.decision]
    else:
        assert camp(after.decision) >= camp(before.decision)


def test_under_plurality_a_vote_moving_from_hold_to_buy_can_turn_the_result_into_sell() -> None:
    others = [vote(str(place), word) for place, word in enumerate(["SELL", "SELL", "SELL", "HOLD", "HOLD", "BUY"])]
    plurality = {"method": "majority", "threshold": 0}

    assert decide([*others, vote("swing", "HOLD")], plurality).decision == "HOLD"
    assert decide([*others, vote("swing", "BUY")], plurality).decision == "SELL"


def test_full_agreement_does_not_exceed_a_threshold_of_one() -> None:
    result = decide([vote("a", "BUY"), vote("b", "BUY")], {"threshold": 1})

    assert (result.decision, result.status) == ("HOLD", "below_threshold")


@given(panels(), configs(), st.booleans())
@MORE
def test_without_risk_or_aversion_risk_adjusted_decides_as_weighted(
    sent: list[Any], config: dict[str, Any], averse: bool
) -> None:
    if averse:
        sent = [one | {"risk": None} for one in sent]
        config = config | {"market_risk": 0}
    else:
        config = config | {"risk_aversion": 0}

    adjusted, weighted = (decide(sent, config | {"method": method}) for method in ("risk_adjusted", "weighted"))

    assert adjusted._replace(tally=weighted.tally) == weighted


@given(
    panels(),
    configs(
        method="risk_adjusted",
        threshold=AT_LEAST_HALF,
        strategy=st.sampled_from(["conservative", "weighted_average"]),
    ),
    st.integers(0, 4),
    st.sampled_from([0.25, 0.5, 1.0]),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_more_risk_never_turns_hold_into_an_opening_trade(
    sent: list[Any],
    config: dict[str, Any],
    index: int,
    risk: float,
    of_the_market: bool,
) -> None:
    before = decide(sent, config)
    assume(before.decision == "HOLD")
    index %= len(sent)
    riskier, harsher = sent, config
    if of_the_market:
        harsher = config | {"market_risk": max(risk, config["market_risk"])}
    else:
        riskier = [
            one | {"risk": max(risk, one.get("risk", 0))} if place == index else one for place, one in enumerate(sent)
        ]

    after = camp(decide(riskier, harsher).decision)

    assert after == 0 or after * config["position"] < 0


@given(panels(), configs(method="bft", quorum=0))
@MORE
def test_two_camps_never_both_hold_two_thirds_of_the_stake(sent: list[Any], config: dict[str, Any]) -> None:
    weights = config["weights"]
    expected = AGENTS if config["roster"] else [one["agent_id"] for one in sent]
    stake = sum(round(weights[agent] * 10**6) for agent in expected)

    passing = [mass for mass in decide(sent, config).tally if 3 * mass > 2 * stake]

    assert len(passing) <= 1


@given(messy_panels(), configs(), st.sampled_from(METHODS))
@MORE
def test_confidence_and_support_are_shares(sent: list[Any], config: dict[str, Any], method: str) -> None:
    result = decide(sent, config | {"method": method})

    assert 0 <= result.confidence <= 1
    assert 0 <= result.support <= 1
    assert result.position_size is None or 0 <= result.position_size <= 1
