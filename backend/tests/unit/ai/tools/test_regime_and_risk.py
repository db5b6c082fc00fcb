"""The two tools that hand on what `analysis` works out."""

import pytest

from app.ai.tools.assess_risk import AssessRisk
from app.ai.tools.detect_regime import DetectRegime
from app.analysis.regimes import LABELS, current_regime
from app.analysis.risk_measures import assess
from tests.unit.ai.asking import at
from tests.unit.analysis.real_bars import window


def test_the_regime_is_that_of_the_visible_bars():
    assert DetectRegime().run(at(window())) == current_regime(window()).as_dict()
    assert DetectRegime().run(at(window()))["label"] in LABELS


def test_the_risk_is_that_of_the_visible_bars():
    assert AssessRisk().run(at(window())) == assess(window())


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_short_history_has_neither(count):
    assert DetectRegime().run(at(window(count=count))) == {"label": None}
    assert AssessRisk().run(at(window(count=count))) == {}
