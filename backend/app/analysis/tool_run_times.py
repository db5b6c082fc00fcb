"""How long a tool may take: four times what 99 of 100 of its last 1,000 runs took, in steps that double.

The steps go from 0.25 to 8 s; each run is only counted under the step that it alone would ask for.
"""

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Final

TIMEOUTS_S: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MARGIN: Final = 4
LEAST_TIMED, TIMED_KEPT = 50, 1_000
_SLOWEST_MS: Final = [seconds * 1_000 / MARGIN for seconds in TIMEOUTS_S[:-1]]


@dataclass(slots=True)
class RunTimes:
    """The times of the last 1,000 runs of a tool."""

    places: deque[int] = field(default_factory=deque)
    counts: list[int] = field(default_factory=lambda: [0] * len(TIMEOUTS_S))

    def add(self, took_ms: float) -> None:
        """Count a run."""
        place = bisect_left(_SLOWEST_MS, took_ms)
        self.places.append(place)
        self.counts[place] += 1
        if len(self.places) > TIMED_KEPT:
            self.counts[self.places.popleft()] -= 1

    def timeout_s(self) -> float | None:
        """Return the step that 99 % of the runs do not ask to exceed (nearest rank); None before 50 runs."""
        if len(self.places) < LEAST_TIMED:
            return None
        wanted = ceil(99 * len(self.places) / 100)
        place, within = 0, self.counts[0]
        while within < wanted:
            place += 1
            within += self.counts[place]
        return TIMEOUTS_S[place]
