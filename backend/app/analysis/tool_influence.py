"""Whether what a tool said mattered: the decisions it informed, and those whose side it moved.

A tool informed a decision when it answered an agent in it. It moved the decision when the side with the most confidence
would have been another (or none) without the votes of the agents it answered. Where nobody else voted for a side there
is nothing to compare with: such a decision is undecidable.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from app.analysis.tool_statistics import SUCCEEDED
from app.analysis.tool_users import Key, keys_of
from app.analysis.voting import CAMPS
from app.domain.identifiers import seat_of
from app.domain.tool_activity import CALL, REACHED, VOTE, Activity

DECISIONS_KEPT: Final = 500
_UNITS: Final = 10**9  # whole units, so that a sum is the same in any order

Ballot = tuple[str, float]
"""A decision word and its confidence."""


class Influence(NamedTuple):
    """In how many decisions a tool was heard, in how many of them its weight can be told, and in how many it tipped."""

    informed: int = 0
    decidable: int = 0
    moved: int = 0

    def plus(self, moved: bool | None) -> "Influence":
        """Return the counts after one more decision; None is undecidable."""
        return Influence(self.informed + 1, self.decidable + (moved is not None), self.moved + bool(moved))


def moved(ballots: Mapping[str, Ballot], users: Iterable[str]) -> bool | None:
    """Return whether the side would have been another without the ballots of `users`; None when nobody else voted.

    Args:
        ballots: by agent; an abstention is none.
        users: the agents that a tool answered.
    """
    rest = ballots.keys() - set(users)
    return side(ballots.values()) != side(ballots[agent] for agent in rest) if rest else None


def side(ballots: Iterable[Ballot]) -> str | None:
    """Return the side with the most confidence behind it; None when no side has more than every other."""
    masses = dict.fromkeys(("BEAR", "HOLD", "BULL"), 0)
    for word, confidence in ballots:
        masses[CAMPS[word]] += round(confidence * _UNITS)
    first, second, _ = sorted(masses.values(), reverse=True)
    return max(masses, key=masses.__getitem__) if first > second else None


@dataclass(slots=True)
class _Trace:
    """What is known of one decision; its events come in any order."""

    ballots: dict[str, Ballot] = field(default_factory=dict)
    users: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    is_reached: bool = False
    _verdicts: tuple[tuple[Key, bool | None], ...] | None = None

    def add(self, activity: Activity) -> None:
        self._verdicts = None
        if activity.type == VOTE:
            if activity.word in CAMPS and activity.confidence is not None:
                self.ballots[activity.agent_id] = (activity.word, activity.confidence)
        elif activity.type == CALL:
            if activity.status in SUCCEEDED:
                seat = seat_of(activity.agent_id, activity.symbol)
                for key in keys_of(activity.name, activity.agent_type, seat):
                    self.users[key].add(activity.agent_id)
        elif activity.name == REACHED:
            self.is_reached = True

    def verdicts(self) -> tuple[tuple[Key, bool | None], ...]:
        """Return for each tool that was heard, by each who used it, whether it moved the decision."""
        if self._verdicts is None:
            keys = [(key, frozenset(users)) for key, users in self.users.items()]
            known = {users: moved(self.ballots, users) for users in {users for _, users in keys}}
            self._verdicts = tuple((key, known[users]) for key, users in keys)
        return self._verdicts


class DecisionLog:
    """The newest 500 decisions, and what tools did for them."""

    def __init__(self) -> None:
        self._traces: dict[str, _Trace] = {}

    def add(self, activity: Activity) -> None:
        """Take note of an event; when another decision begins the oldest is forgotten."""
        trace = self._traces.get(activity.decision_id)
        if trace is None:
            trace = self._traces[activity.decision_id] = _Trace()
            if len(self._traces) > DECISIONS_KEPT:
                del self._traces[next(iter(self._traces))]
        trace.add(activity)

    def summary(self) -> tuple[int, dict[Key, Influence]]:
        """Return how many decisions were reached, and the influence of each tool on them by each who used it."""
        reached = [trace for trace in self._traces.values() if trace.is_reached]
        influences: defaultdict[Key, Influence] = defaultdict(Influence)
        for trace in reached:
            for key, verdict in trace.verdicts():
                influences[key] = influences[key].plus(verdict)
        return len(reached), dict(influences)
