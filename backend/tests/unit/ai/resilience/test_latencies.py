from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.latencies import LEAST, WINDOW, Latencies


def noted(seconds):
    latencies = Latencies()
    for each in seconds:
        latencies.note("small", each)
    return latencies


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
def test_a_few_answers_do_not_make_a_figure(count):
    assert noted([1.0] * count).p95_s("small") is None


def test_twenty_do_and_the_slowest_is_left_out():
    assert noted(range(1, LEAST + 1)).p95_s("small") == 19


def test_models_do_not_mix():
    assert noted([1.0] * LEAST).p95_s("large") is None


@given(st.lists(st.floats(0.0, 60.0) | st.sampled_from([1.0, 2.0]), min_size=LEAST, max_size=3 * WINDOW))
def test_the_figure_is_that_of_the_last_answers_alone(seconds):
    window = sorted(deque(seconds, WINDOW))
    p95_s = noted(seconds).p95_s("small")

    assert p95_s in window
    assert sum(each <= p95_s for each in window) >= 0.95 * len(window)
    assert sum(each < p95_s for each in window) < 0.95 * len(window)
