from datetime import datetime

import numpy as np
import pytest

from app.ai.tools.get_bars import GetBars
from app.domain.times import to_micros
from tests.unit.ai.asking import at
from tests.unit.analysis.real_bars import window, without_volume


@pytest.mark.parametrize(("count", "given"), [(1, 1), (60, 60), (200, 100)])
def test_the_last_bars_come_by_column_oldest_first(count, given):
    some = window(count=100)
    told = GetBars().run(at(some), count)
    assert told["interval"] == "1d"
    assert [to_micros(datetime.fromisoformat(time)) for time in told["times"]] == some.times[-count:].tolist()
    for name in ("open", "high", "low", "close", "volume"):
        assert told[name] == getattr(some, name)[-count:].tolist()
        assert len(told[name]) == given


def test_a_volume_that_is_not_known_is_null():
    some = without_volume(window(count=3))
    assert np.isnan(some.volume).all()
    assert GetBars().run(at(some), 2)["volume"] == [None, None]


def test_no_bars_are_no_columns():
    told = GetBars().run(at(window(count=0)))
    assert (told["times"], told["close"]) == ([], [])
