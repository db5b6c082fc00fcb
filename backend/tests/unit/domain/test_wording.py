"""Figures in sentences."""

import pytest

from app.domain.wording import counted


@pytest.mark.parametrize(("count", "words"), [(0, "0 bars"), (1, "1 bar"), (2, "2 bars"), (5_000, "5,000 bars")])
def test_a_noun_takes_an_s_unless_there_is_one_of_it_and_thousands_are_set_apart(count, words):
    assert counted(count, "bar") == words
