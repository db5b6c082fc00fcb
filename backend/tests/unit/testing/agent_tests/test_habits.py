from app.testing.agent_tests.habits import HABITS
from tests.unit.testing.agent_tests.answers import a_view, failed

VARIES, OWN_MIND = HABITS
SURE = [a_view("BUY", 0.5 + place / 20) for place in range(8)]
ALIKE = [a_view("BUY", 0.7)] * 8


def seen(**views):
    return dict(views)


def test_a_confidence_that_varies_is_fine():
    assert VARIES.fault("market_analyst", seen(market_analyst=SURE)) is None


def test_the_same_confidence_everywhere_is_found():
    assert "from 0.70 to 0.70" in VARIES.fault("market_analyst", seen(market_analyst=ALIKE))


def test_whoever_hardly_ever_has_an_opinion_does_not_pass():
    assert "in 1 scene alone" in VARIES.fault("market_analyst", seen(market_analyst=[SURE[0], *[failed()] * 7]))


def test_a_parrot_is_named_with_whom_it_repeats():
    fault = OWN_MIND.fault("b", seen(a=SURE, b=list(SURE)))
    assert fault == "answers as a does in all 8 scenes"


def test_one_other_answer_is_a_mind_of_ones_own():
    assert OWN_MIND.fault("b", seen(a=SURE, b=[*SURE[:-1], a_view("SELL", 0.4)])) is None


def test_the_decision_of_the_panel_may_be_that_of_a_member():
    assert OWN_MIND.fault("a", seen(a=SURE, comprehensive=SURE)) is None


def test_a_habit_needs_scenes_and_company():
    assert not VARIES.applies("market_analyst", scenes=3, agents=5)
    assert not OWN_MIND.applies("market_analyst", scenes=24, agents=1)
    assert not VARIES.applies("comprehensive", scenes=24, agents=5)
    assert OWN_MIND.applies("market_analyst", scenes=24, agents=2)
