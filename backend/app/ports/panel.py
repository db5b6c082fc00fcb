"""The panel as the coordinator sees it: a context in, votes out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.market import AnalysisContext
from app.domain.tool_calls import ToolCall
from app.domain.votes import Vote
from app.ports.analyst import Analyst

DecisionCallback = Callable[[Vote], Awaitable[None] | None]


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


class Panel(Protocol):
    """Asks analysts all at once under one deadline."""

    async def run(
        self,
        context: AnalysisContext,
        analysts: Sequence[Analyst],
        timeout_s: float,
        is_settled: Callable[[Sequence[Vote]], bool] | None = None,
    ) -> PanelResult:
        """Return within `timeout_s` whatever the analysts do.

        Args:
            is_settled: asked after each vote; when it says so the rest are cancelled as `closed_early`.
        """
