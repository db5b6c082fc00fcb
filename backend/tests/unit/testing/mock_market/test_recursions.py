import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from app.testing.mock_market.recursions import CHUNK, affine
from app.testing.mock_market.variance import Garch

COLUMNS = st.integers(1, 3 * CHUNK + 5).flatmap(
    lambda count: st.tuples(*[st.lists(st.floats(-1, 1), min_size=count, max_size=count) for _ in range(2)])
)


def one_by_one(factor, term, start):
    found = [start]
    for a, b in zip(factor[:-1], term[:-1], strict=True):
        found.append(a * found[-1] + b)
    return np.array(found)


@given(COLUMNS, st.floats(-5, 5))
def test_the_recursion_is_that_of_a_loop(columns, start):
    factor, term = map(np.array, columns)

    assert affine(factor, term, start) == approx(one_by_one(factor, term, start), rel=1e-9, abs=1e-9)


def test_a_longer_column_begins_with_the_same_bits():
    random = np.random.default_rng(1)
    factor, term = random.random((2, 10 * CHUNK))
    longer = affine(factor, term, 1.0)

    for count in (1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3):
        assert np.array_equal(affine(factor[:count], term[:count], 1.0), longer[:count])


def test_no_column_is_an_empty_one():
    assert len(affine(np.empty(0), np.empty(0), 1.0)) == 0


def test_a_fall_is_followed_by_more_variance_than_a_rise():
    garch = Garch(alpha=0.02, gamma=0.1, beta=0.9, degrees=5)
    fallen, risen = (garch.deviations(np.array([0.0, shock, 0.0])) for shock in (-2.0, 2.0))

    assert fallen[1] == risen[1]
    assert fallen[2] ** 2 - risen[2] ** 2 == approx(0.1 * fallen[1] ** 2 * 4)
