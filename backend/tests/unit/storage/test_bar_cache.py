from app.storage.bar_cache import SERIES_PER_KEY, BarCache
from app.storage.bar_segments import Bits, Tail, bits_of
from tests.contracts.decision_drafts import some_bars

APPLE = ("AAPL", "1d")


def window(scale: float = 1.0) -> Bits:
    return bits_of(some_bars(0, 10, scale))


def tail(series_id: int, scale: float = 1.0) -> Tail:
    return Tail(series_id, 0, window(scale))


def test_an_unknown_series_is_not_found():
    assert BarCache().find(APPLE, window()) is None


def test_the_newer_state_of_a_series_takes_the_place_of_the_older():
    cache = BarCache()
    cache.put(APPLE, tail(1))
    grown = tail(1).continued(bits_of(some_bars(10, 1)))
    cache.put(APPLE, grown)

    assert cache.find(APPLE, window()) == (grown, 0)


def test_of_one_symbol_the_series_used_last_stay():
    cache = BarCache()
    for series_id in range(SERIES_PER_KEY + 1):
        cache.put(APPLE, tail(series_id, scale=1.0 + series_id))

    assert cache.find(APPLE, window(1.0)) is None
    assert cache.find(APPLE, window(2.0)) is not None


def test_the_symbol_used_longest_ago_is_forgotten_first():
    cache = BarCache(capacity=3 * 26)
    first = tail(0)
    cache.put(("A", "1d"), first)
    cache.put(("B", "1d"), tail(1))
    cache.put(("C", "1d"), tail(2))
    cache.put(("A", "1d"), first)
    cache.put(("D", "1d"), tail(3))

    assert cache.find(("B", "1d"), window()) is None
    assert all(cache.find((name, "1d"), window()) for name in "ACD")


def test_a_series_larger_than_the_cache_is_still_kept_while_it_is_the_latest():
    cache = BarCache(capacity=1)
    cache.put(APPLE, tail(1))

    assert cache.find(APPLE, window()) is not None


def test_clearing_forgets_everything():
    cache = BarCache()
    cache.put(APPLE, tail(1))
    cache.clear()

    assert cache.find(APPLE, window()) is None
