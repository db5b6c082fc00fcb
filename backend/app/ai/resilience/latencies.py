"""How long models take."""

from bisect import bisect_left, insort
from collections import deque
from typing import Final

WINDOW: Final = 200
LEAST: Final = 20


class Latencies:
    """Remembers the last WINDOW latencies of each model, in seconds."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def note(self, model: str, seconds: float) -> None:
        """Remember how long an answer took."""
        self._windows.setdefault(model, _Window()).add(seconds)

    def p95_s(self, model: str) -> float | None:
        """Return what 95 of 100 answers did not exceed (nearest rank); None before there are LEAST of them."""
        window = self._windows.get(model)
        return None if window is None else window.p95()


class _Window:
    def __init__(self) -> None:
        self._by_age: deque[float] = deque()
        self._by_length: list[float] = []

    def add(self, seconds: float) -> None:
        if len(self._by_age) == WINDOW:
            del self._by_length[bisect_left(self._by_length, self._by_age.popleft())]
        self._by_age.append(seconds)
        insort(self._by_length, seconds)

    def p95(self) -> float | None:
        count = len(self._by_length)
        return None if count < LEAST else self._by_length[(95 * count + 99) // 100 - 1]
