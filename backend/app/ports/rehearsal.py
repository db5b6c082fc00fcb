"""A desk whose decisions nobody keeps: what tests of agents ask."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.domain.questions import Question
from app.ports.analyst import Analyst


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsed:
    """One decision as it was made.

    Args:
        record: the decision record.
        tool_calls: every tool call with its result, also a shared one.
        told: what each model was told before it spoke, by agent id.
    """

    record: Mapping[str, Any]
    tool_calls: Sequence[Mapping[str, Any]]
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where the models of a rehearsal are asked, in place of those that are set up.

    Args:
        provider: name in the plugin table: `anthropic` or `ollama`.
        key: a made-up one; no real key belongs here.
    """

    provider: str
    url: str
    key: str


class RehearsedDesk(Protocol):
    """Decides on the same road as the real desk and forgets."""

    async def decide(self, question: Question) -> Rehearsed:
        """Return the decision.

        Raises:
            InvalidInputError: the question cannot be used.
        """


class Rehearsal(Protocol):
    """Opens desks for tests."""

    def desk(
        self, analysts: Mapping[str, Analyst] | None = None, vendor: Vendor | None = None
    ) -> AbstractAsyncContextManager[RehearsedDesk]:
        """Return a desk for an `async with`; nothing it decides outlives the block.

        Args:
            analysts: by role; None takes those that are set up, else those of the plugin table.
            vendor: seat models of that vendor alone; None seats whom the rehearsal was built to seat.
        """
