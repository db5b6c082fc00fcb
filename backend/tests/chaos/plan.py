"""How much is asked and what is killed when, all of it settled by one seed."""

import random
from collections import Counter
from dataclasses import dataclass
from itertools import cycle, islice

DECK = ("worker", "api", "rabbitmq", "postgres", "relay", "consumer", "worker", "api", "relay", "worker")
"""What is killed, again and again; a run of 60 kills has at least six of each."""
CARELESS_DECK = ("rabbitmq", "consumer", "relay")
EMBEDDED_DECK = ("api",)
SETTLING = 0.05
"""Nothing is killed before that share of the decisions: RabbitMQ 3.10.8 loses queues that are just being made."""
LAST = 0.95


@dataclass(frozen=True)
class Plan:
    """One run.

    Args:
        kills: kill -9, spread over the run.
        pauses: workers that are stopped for longer than their lease and go on then.
        control: leave out confirms and inbox, which must be noticed.
        embedded: one process on SQLite.
        lease_s: of the workers.
        at_once: requests under way.
        most_s: a run that takes longer has failed.
    """

    decisions: int = 10_100
    kills: int = 60
    pauses: int = 6
    seed: int = 1
    control: bool = False
    embedded: bool = False
    apis: int = 2
    workers: int = 3
    lease_s: float = 3.0
    at_once: int = 32
    most_s: float = 3_600.0

    def strokes(self) -> list[tuple[int, str]]:
        """Return what happens after how many decisions: the name of what is killed, or `pause`."""
        chance = random.Random(self.seed)
        deck = CARELESS_DECK if self.control else EMBEDDED_DECK if self.embedded else DECK
        what = [*islice(cycle(deck), self.kills), *["pause"] * self.pauses]
        chance.shuffle(what)
        width = (LAST - SETTLING) / max(1, len(what))
        at = [SETTLING + (place + chance.random()) * width for place in range(len(what))]
        return [(int(share * self.decisions), each) for share, each in zip(at, what, strict=True)]

    def counted(self) -> Counter[str]:
        """Return how often each is killed."""
        return Counter(what for _, what in self.strokes())
