"""The panel as the coordinator sees it: a context in, votes out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.market import AnalysisContext
from app.domain.model_calls import Exchange, ModelCall, RecordedAnswer
from app.domain.tool_calls import ToolCall
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.domain.votes import Vote
from app.ports.analyst import Analyst

DecisionCallback = Callable[[Vote], Awaitable[None] | None]
IsSettled = Callable[[Sequence[Vote]], bool]


@dataclass(frozen=True, slots=True)
class Failure:
    """An analyst that gave no opinion: `kind` is `timeout`, `failed` or `closed_early`."""

    agent_id: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class PanelResult:
    """What came back before the deadline.

    Args:
        votes: in the order of the analysts asked; a failed analyst abstains, a slow one is not among them.
        tool_calls: in the order they were made, by analyst.
    """

    votes: tuple[Vote, ...]
    tool_calls: tuple[ToolCall, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What happened when a decision was first made and cannot be computed again.

    Args:
        answers: of models, by agent, in the order they were asked.
        tool_calls: by agent and place among its calls.
    """

    answers: Mapping[str, Sequence[RecordedAnswer]]
    tool_calls: Mapping[tuple[str, int], ToolCall]


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """One meeting of the panel: what it is for, by which rules, and where its paper goes.

    Args:
        is_settled: asked after each vote; when it says so the rest are cancelled as `closed_early`.
        think: called with agent and text while a model speaks; None when nobody listens.
        recording: makes the sitting a replay: models are not asked, their recorded answers are taken.
        model_calls, exchanges: filled while the sitting goes on, so that nothing paid for is lost when it is cancelled.
    """

    decision_id: str = ""
    is_settled: IsSettled | None = None
    think: Callable[[str, str], None] | None = None
    tool_policy: ToolPolicy = DEFAULT
    recording: Recording | None = None
    model_calls: list[ModelCall] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)


class Panel(Protocol):
    """Asks analysts all at once under one deadline."""

    async def run(
        self, context: AnalysisContext, seats: Mapping[str, Analyst], timeout_s: float, sitting: Sitting | None = None
    ) -> PanelResult:
        """Return within `timeout_s` whatever the analysts do.

        Args:
            seats: analysts by the id of the agent that each speaks as.
        """
