"""A series as a chain of states: how often each followed each, how surely, and how long a state lasts.

Counts are those of a first-order chain; of a series that has more memory than that they are a summary, not a model.
Each probability comes with its Wilson interval (see `regimes`), so a state that was rarely left shows how little is
known of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analysis.regimes import LABELS, chances, count_transitions, label_bars, wilson_interval
from app.domain.market import Bars

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """States of a series, each known at its own bar, and how they followed one another.

    Args:
        names: of the states.
        states: place in names at each bar, int64[n].
        counts: transitions from row to column, int64[k, k].
    """

    names: tuple[str, ...]
    states: Counts
    counts: Counts

    def persistence(self, name: str) -> dict[str, Any]:
        """Return how surely a state is followed by itself and how many bars it lasts on average.

        Returns:
            `bars`: spent in it; `stay`: share of bars after which it went on, None if nothing followed it;
            `low`, `high`: 95 % interval of that; `expected_bars`: 1 / (1 - stay), None where it was never left;
            `longest`: run in bars.
        """
        place = self.names.index(name)
        stayed, seen = int(self.counts[place, place]), int(self.counts[place].sum())
        low, high = wilson_interval(stayed, seen)
        return {
            "bars": int((self.states == place).sum()),
            "stay": round(stayed / seen, 4) if seen else None,
            "low": round(low, 4),
            "high": round(high, 4),
            "expected_bars": round(seen / (seen - stayed), 2) if seen > stayed else None,
            "longest": _longest_run(self.states == place),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the current state, counts, probabilities with intervals, and the persistence of each state."""
        return {
            "states": list(self.names),
            "current": self.names[int(self.states[-1])] if len(self.states) else None,
            "transitions": int(self.counts.sum()),
            "counts": self.counts.tolist(),
            "probabilities": {name: self.followers(name) for name in self.names},
            "persistence": {name: self.persistence(name) for name in self.names},
        }

    def followers(self, name: str) -> dict[str, dict[str, float]]:
        """Return for each state that has followed this one its count, probability and 95 % interval."""
        return chances(self.names, self.counts[self.names.index(name)].tolist())


def chain_of(states: Counts, names: Sequence[str]) -> Chain:
    """Return the chain of states that are given by their place in `names`, oldest first."""
    return Chain(tuple(names), states, count_transitions(states, len(names)))


def regime_chain(bars: Bars) -> Chain:
    """Return the chain of market regimes from the 101st bar on, each label from its bar and those before alone."""
    return chain_of(label_bars(bars.close), LABELS)


def _longest_run(flags: NDArray[np.bool_]) -> int:
    """Return the length of the longest run of raised flags."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))
