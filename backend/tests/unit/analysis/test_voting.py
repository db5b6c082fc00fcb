import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.voting import analyse_voting, effective_number, effective_votes, pairwise_agreement

MASSES = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20)


def votes(*words, confidence=0.5):
    return [
        {"agent_id": f"a{place}", "decision": word, "confidence": None if word == "ABSTAIN" else confidence}
        for place, word in enumerate(words)
    ]


def record(*words, final):
    return {"votes": votes(*words), "final_recommendation": final, "consensus": {"effective_votes": 2.5}}


def test_equal_voices_count_in_full():
    assert effective_number([0.3] * 4) == pytest.approx(4)


def test_one_voice_over_many_whispers_counts_as_hardly_more_than_one():
    assert effective_number([1.0, 0.01, 0.01]) == pytest.approx(1.04, abs=0.001)


def test_no_mass_is_no_voice():
    assert effective_number([]) == effective_number([0.0, 0.0]) == 0


@given(MASSES)
def test_the_number_lies_between_one_and_all(masses):
    assert 1 - 1e-9 <= effective_number(masses) <= len(masses) + 1e-9


@given(MASSES, st.floats(1e-3, 1e3))
def test_the_unit_of_the_masses_does_not_matter(masses, factor):
    assert effective_number(mass * factor for mass in masses) == pytest.approx(effective_number(masses))


def test_an_abstention_is_no_vote():
    assert effective_votes(votes("BUY", "SELL", "ABSTAIN"), {}) == pytest.approx(2)


def test_weight_times_confidence_is_what_a_vote_weighs():
    cast = votes("BUY", "SELL")
    assert effective_votes(cast, {"a0": 3.0, "a1": 1.0}) == pytest.approx(16 / 10)


@pytest.mark.parametrize(
    ("words", "share"),
    [
        (("BUY", "STRONG_BUY", "BUY"), 1.0),
        (("BUY", "HOLD", "SELL"), 0.0),
        (("BUY", "BUY", "SELL"), 1 / 3),
        (("SELL", "STRONG_SELL", "ABSTAIN"), 1.0),
        (("BUY",), None),
        (("ABSTAIN", "ABSTAIN"), None),
    ],
)
def test_agreement_is_the_share_of_pairs_on_one_side(words, share):
    assert pairwise_agreement(votes(*words)) == (None if share is None else pytest.approx(share))


def test_the_summary_names_who_stood_where():
    told = analyse_voting(record("BUY", "STRONG_BUY", "HOLD", "SELL", "ABSTAIN", final="BUY"))
    assert told["camps"] == {"BEAR": ["a3"], "HOLD": ["a2"], "BULL": ["a0", "a1"]}
    assert (told["dissenters"], told["abstained"]) == (["a3", "a2"], ["a4"])
    assert (told["agreement"], told["effective_votes"]) == (pytest.approx(1 / 6), 2.5)


def test_of_no_decision_everyone_with_an_opinion_dissents():
    assert analyse_voting(record("BUY", "SELL", "ABSTAIN", final="NO_DECISION"))["dissenters"] == ["a1", "a0"]
