import numpy as np
import pytest

from app.domain.questions import Question
from app.events.intake import open_case
from app.events.rules_seating import installed_analysts
from app.testing.agent_tests.scenes import CRITERIA, scene, shows
from app.testing.agent_tests.takes import TAKES, put
from app.testing.mock_data_generator import REGIMES


@pytest.mark.parametrize("regime", REGIMES)
def test_a_scene_shows_its_regime_and_is_the_same_every_time(regime):
    first = scene(regime, 2)
    scene.cache_clear()
    again = scene(regime, 2)
    assert shows(regime, first.bars)
    assert (first.seed, first.bars.digest(), first.news) == (again.seed, again.bars.digest(), again.news)


def test_scenes_of_a_regime_differ():
    assert len({scene("crash", number).bars.digest() for number in (1, 2, 3)}) == 3


@pytest.mark.parametrize("regime", CRITERIA)
def test_no_other_markets_all_pass_for_a_regime(regime):
    others = [scene(other, number).bars for other in REGIMES if other != regime for number in (1, 2, 3)]
    assert not all(shows(regime, bars) for bars in others)


def test_a_rise_does_not_pass_for_a_fall():
    assert not shows("trending_bearish", scene("trending_bullish", 1).bars)


@pytest.mark.parametrize("take", TAKES)
def test_every_take_is_a_question_that_can_be_asked(take):
    asked = put(scene("crash", 1), take)
    case = open_case(asked.question, installed_analysts())
    assert case.context.price == pytest.approx(asked.price)


@pytest.mark.parametrize("take", ["rising_future", "falling_future"])
def test_the_future_is_hidden_by_the_instant_that_is_asked_about(take):
    shown = scene("sideways", 1)
    case = open_case(put(shown, take).question, installed_analysts())
    assert case.context.bars.close.tolist() == shown.bars.close.tolist()
    assert case.context.news == shown.news


def test_only_the_name_is_another_when_a_scene_is_renamed():
    shown = scene("sideways", 1)
    renamed: Question = put(shown, "renamed").question
    assert renamed.symbol != shown.symbol
    assert np.array_equal(renamed.bars.close, shown.bars.close)
