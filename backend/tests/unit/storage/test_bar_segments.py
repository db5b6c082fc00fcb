from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from app.domain.errors import RecordCorruptError
from app.domain.market import MAX_BARS
from app.storage.bar_segments import BAR_BYTES, Segment, Tail, bars_from, bits_of, join, pack, unpack
from tests.contracts.decision_drafts import DAY, some_bars


def segments_of(*cuts: int) -> list[Segment]:
    bits = bits_of(some_bars(0, cuts[-1]))
    edges = pairwise(cuts)
    return [Segment(start, stop - start, pack(bits[:, start:stop])) for start, stop in edges]


def tail(start: int, count: int, first: int = 0) -> Tail:
    return Tail(7, first, bits_of(some_bars(start, count)))


@given(hnp.arrays(np.int64, st.tuples(st.just(6), st.integers(1, 9))))
def test_every_bit_comes_back(bits):
    bars = bars_from(unpack(Segment(0, bits.shape[1], pack(bits))), DAY)

    assert np.array_equal(bits_of(bars), bits)


def test_a_bar_takes_48_bytes():
    assert len(pack(bits_of(some_bars(count=250)))) == 250 * BAR_BYTES == 250 * 48


def test_neighbouring_segments_join():
    assert bars_from(join(segments_of(0, 3, 4, 9)), DAY).digest() == some_bars(0, 9).digest()


def test_a_missing_segment_is_noticed():
    first, _, last = segments_of(0, 3, 4, 9)
    with pytest.raises(RecordCorruptError, match="missing"):
        join([first, last])


@pytest.mark.parametrize("packed", [b"", b"\0" * 47, b"\0" * 49])
def test_a_segment_of_the_wrong_length_is_noticed(packed):
    with pytest.raises(RecordCorruptError, match="wrong length"):
        unpack(Segment(0, 1, packed))


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
def test_a_window_has_a_place_when_it_starts_inside_the_series(start, count, other_start, other_count):
    place = tail(start, count, first=100).place_of(bits_of(some_bars(other_start, other_count)))

    inside = start <= other_start < start + count
    assert place == (100 + other_start - start if inside else None)


@pytest.mark.parametrize("row", range(6))
def test_one_revised_value_takes_the_place_away(row):
    window = bits_of(some_bars(2, 5))
    window[row, 3] += 1

    assert tail(0, 20).place_of(window) is None


def test_no_bars_have_a_place_in_any_series():
    assert tail(0, 3).place_of(bits_of(some_bars(0, 0))) == 0


def test_a_tail_keeps_the_longest_window_and_its_place_in_the_series():
    grown = tail(0, MAX_BARS).continued(bits_of(some_bars(MAX_BARS, 2)))

    assert (grown.first, grown.length, grown.bits.shape[1]) == (2, MAX_BARS + 2, MAX_BARS)
    assert grown.place_of(bits_of(some_bars(MAX_BARS - 1, 3))) == MAX_BARS - 1
