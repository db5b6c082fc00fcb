from statistics import mean, pvariance

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.analysis.lineages import (
    ASSUMED_CORRELATION,
    LEAST_DECISIONS,
    Correlation,
    LineageWeight,
    lineage_weights,
    weighed,
)

ONE = 1_000_000
WORDS = st.sampled_from(["STRONG_BUY", "BUY", "HOLD", "SELL", "STRONG_SELL", "ABSTAIN"])
PANELS = st.lists(st.lists(WORDS, max_size=6), max_size=25)
SIDES = {"STRONG_BUY": 1, "BUY": 1, "HOLD": 0, "SELL": -1, "STRONG_SELL": -1}


def remembered(panels):
    correlation = Correlation()
    for words in panels:
        correlation = correlation.with_decision(words)
    return correlation


def votes(**words):
    """Votes by agent, each a word of the lineage that the agent's first letter names."""
    return [{"agent_id": agent, "lineage": agent[0], "decision": word} for agent, word in words.items()]


# What several votes are worth


@pytest.mark.parametrize(
    ("n", "r", "n_eff"),
    [(5, 0.6, 5 / 3.4), (1, 0.6, 1), (5, 0, 5), (5, 1, 1), (2, 0.6, 1.25), (2, 0.5, 4 / 3), (3, 0.25, 2)],
)
def test_votes_that_share_their_errors_are_worth_fewer(n, r, n_eff):
    assert LineageWeight("a", n, r, 0).n_eff == pytest.approx(n_eff)


@given(st.integers(1, 50), st.floats(0, 1))
def test_they_are_worth_at_least_one_and_at_most_their_number(n, r):
    assert 1 - 1e-9 <= LineageWeight("a", n, r, 0).n_eff <= n + 1e-9


@given(st.integers(2, 50), st.floats(0, 1), st.floats(0, 1))
def test_the_more_alike_they_are_the_less_they_are_worth(n, r, other):
    low, high = sorted((r, other))
    assert LineageWeight("a", n, high, 0).n_eff <= LineageWeight("a", n, low, 0).n_eff


@given(st.integers(1, 50), st.floats(0, 1))
def test_one_more_voice_of_the_same_model_never_lowers_what_all_are_worth(n, r):
    assert LineageWeight("a", n + 1, r, 0).n_eff >= LineageWeight("a", n, r, 0).n_eff - 1e-12


def test_five_votes_of_one_model_stand_in_the_record_as_less_than_one_and_a_half():
    assert LineageWeight("anthropic:m", 5, 0.6, 0).as_dict() == {
        "lineage": "anthropic:m",
        "n": 5,
        "n_eff": 1.470588235,
        "r": 0.6,
        "decisions": 0,
    }


# The weights of a panel


def test_every_vote_of_a_shared_lineage_weighs_its_part():
    cast = votes(a1="BUY", a2="BUY", a3="SELL", a4="HOLD", a5="BUY", b1="SELL")
    (shared,) = lineages = lineage_weights(cast, lambda _: Correlation())
    assert (shared.lineage, shared.n, shared.r, shared.decisions) == ("a", 5, ASSUMED_CORRELATION, 0)
    assert weighed(cast, {}, lineages, ONE) == dict.fromkeys(("a1", "a2", "a3", "a4", "a5"), 294_118)


def test_a_vote_alone_in_its_lineage_weighs_what_it_weighed():
    cast = votes(a1="BUY", b1="SELL", c1="HOLD")
    assert lineage_weights(cast, lambda _: Correlation()) == ()
    assert weighed(cast, {"a1": 5}, (), ONE) == {"a1": 5}


def test_weights_that_were_given_are_scaled_and_others_stay():
    cast = votes(a1="BUY", a2="BUY", b1="SELL")
    lineages = lineage_weights(cast, lambda _: Correlation())
    assert weighed(cast, {"a1": 2 * ONE, "b1": 3 * ONE, "absent": 7}, lineages, ONE) == {
        "a1": 1_250_000,
        "a2": 625_000,
        "b1": 3 * ONE,
        "absent": 7,
    }


def test_abstentions_do_not_make_a_lineage_larger():
    cast = votes(a1="BUY", a2="ABSTAIN", a3="BUY")
    (shared,) = lineage_weights(cast, lambda _: Correlation())
    assert shared.n == 2
    assert lineage_weights(votes(a1="BUY", a2="ABSTAIN"), lambda _: Correlation()) == ()


def test_lineages_come_in_order_of_name():
    cast = votes(c1="BUY", a1="BUY", c2="SELL", a2="SELL", b1="HOLD")
    assert [each.lineage for each in lineage_weights(cast, lambda _: Correlation())] == ["a", "c"]


@given(st.lists(WORDS, min_size=2, max_size=8), st.integers(0, 3))
def test_a_lineage_weighs_in_all_what_its_independent_votes_would(words, others):
    cast = [
        *({"agent_id": f"a{place}", "lineage": "a", "decision": word} for place, word in enumerate(words)),
        *({"agent_id": f"o{place}", "lineage": f"o{place}", "decision": "BUY"} for place in range(others)),
    ]
    lineages = lineage_weights(cast, lambda _: Correlation())
    weights = weighed(cast, {}, lineages, ONE)
    opinions = [vote["agent_id"] for vote in cast if vote["lineage"] == "a" and vote["decision"] != "ABSTAIN"]
    total = sum(weights.get(agent, ONE) for agent in opinions) / ONE
    worth = len(opinions) / (1 + (len(opinions) - 1) * ASSUMED_CORRELATION) if opinions else 0
    assert total == pytest.approx(worth, abs=1e-5)


# How alike votes have been


def by_the_book(panels):
    """Fisher's intraclass correlation: Pearson's over every ordered pair of votes in one decision."""
    pairs = [
        (SIDES[words[i]], SIDES[words[j]])
        for words in ([word for word in panel if word in SIDES] for panel in panels)
        for i in range(len(words))
        for j in range(len(words))
        if i != j
    ]
    if not pairs or pvariance([one for one, _ in pairs]) == 0:
        return None
    middle = mean(one for one, _ in pairs)
    covariance = mean((one - middle) * (other - middle) for one, other in pairs)
    return covariance / pvariance([one for one, _ in pairs])


@given(PANELS)
def test_the_correlation_is_that_of_all_pairs_of_votes_in_one_decision(panels):
    book, measured = by_the_book(panels), remembered(panels).measured
    if book is None:
        assert measured is None
    else:
        assert measured == pytest.approx(min(1.0, max(0.0, book)), abs=1e-9)


@given(PANELS, st.randoms())
def test_neither_the_order_of_decisions_nor_that_of_votes_matters(panels, random):
    mixed = [random.sample(words, len(words)) for words in random.sample(panels, len(panels))]
    assert remembered(mixed) == remembered(panels)


@pytest.mark.parametrize(
    ("panels", "r"),
    [
        ([["BUY", "BUY"], ["SELL", "SELL"]], 1.0),
        ([["BUY", "STRONG_BUY"], ["STRONG_SELL", "SELL"], ["HOLD", "HOLD"]], 1.0),
        ([["BUY", "SELL"], ["BUY", "SELL"]], 0.0),
        ([["BUY", "BUY"], ["BUY", "SELL"], ["SELL", "BUY"], ["SELL", "SELL"]], 0.0),
        ([["BUY", "BUY"], ["BUY", "BUY"]], None),
        ([["BUY"], ["SELL"]], None),
        ([["BUY", "ABSTAIN"], ["ABSTAIN", "SELL"]], None),
        ([], None),
    ],
)
def test_always_alike_is_one_and_as_often_against_each_other_is_none(panels, r):
    assert remembered(panels).measured == r


def test_only_decisions_with_two_opinions_of_the_lineage_count():
    assert remembered([["BUY", "SELL"], ["BUY"], [], ["ABSTAIN", "BUY"], ["BUY", "BUY", "BUY"]]).decisions == 2


# How far that is believed


def mixed(count):
    return remembered([["BUY", "BUY"], ["SELL", "SELL"]] * (count // 2) + [["BUY", "BUY"]] * (count % 2))


def test_below_fifty_decisions_it_is_assumed():
    assert mixed(LEAST_DECISIONS - 1).shrunk() == (ASSUMED_CORRELATION, 0)


@pytest.mark.parametrize(("decisions", "r"), [(50, 0.8), (150, 0.9), (350, 0.95)])
def test_from_there_on_it_is_measured_and_drawn_to_the_assumption(decisions, r):
    assert mixed(decisions).shrunk() == (pytest.approx(r, abs=1e-4), decisions)


def test_votes_that_never_differed_tell_nothing_however_many_they_are():
    assert remembered([["BUY", "BUY"]] * 500).shrunk() == (ASSUMED_CORRELATION, 0)


@given(PANELS)
def test_what_is_believed_lies_between_what_was_seen_and_what_was_assumed(panels):
    correlation = remembered(panels * 10)
    assume(correlation.measured is not None)
    r, _ = correlation.shrunk()
    low, high = sorted((correlation.measured, ASSUMED_CORRELATION))
    assert low - 1e-12 <= r <= high + 1e-12
