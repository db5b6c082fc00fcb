"""Where runs and failures of a tool fall, by symbol or by hour of the day; bounded in memory."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Final

MOST_NAMES: Final = 256
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A value that failures gather on: its share of the failures and of the runs."""

    value: Any
    failures: int
    share_of_failures: float
    share_of_runs: float


@dataclass(slots=True)
class Spread:
    """How runs and failures are spread over symbols, or over hours of the day."""

    runs: Counter[Hashable] = field(default_factory=Counter)
    failures: Counter[Hashable] = field(default_factory=Counter)

    def add(self, value: Hashable, has_failed: bool) -> None:
        """Count a run; values beyond the first 256 count together."""
        value = count(self.runs, value)
        if has_failed:
            self.failures[value] += 1

    def worst(self) -> Cluster | None:
        """Return the value with the most failures; None when there is none."""
        if not self.failures:
            return None
        value, failures = max(self.failures.items(), key=lambda each: (each[1], str(each[0])))
        return Cluster(value, failures, failures / self.failures.total(), self.runs[value] / self.runs.total())


def count(counter: Counter[Any], value: Any) -> Any:
    """Count a value and return it, or `other` in its stead once 256 are known."""
    if value not in counter and len(counter) >= MOST_NAMES:
        value = OTHER
    counter[value] += 1
    return value
