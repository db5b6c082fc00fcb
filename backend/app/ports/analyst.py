"""Who votes and what they may call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from app.domain.market import AnalysisContext
from app.domain.votes import Opinion
from app.domain.wording import counted
from app.ports.assignment import Assignment


@dataclass(frozen=True, slots=True)
class Needs:
    """What a context must hold before an analyst is asked.

    Args:
        bars: least history.
        news: whether at least one headline must be there.
    """

    bars: int = 0
    news: bool = False

    def unmet(self, context: AnalysisContext) -> str | None:
        """Say in words what the context lacks, or None when it serves."""
        if len(context.bars) < self.bars:
            return f"{counted(self.bars, 'bar')} of history, {len(context.bars)} given"
        if self.news and not context.news:
            return "at least one news item, none given"
        return None


class ToolBelt(Protocol):
    """The tools of one analyst during one decision; every call is recorded."""

    @property
    def assignment(self) -> Assignment | None:
        """What the analyst is told beside the context; None outside a panel."""

    async def call(self, name: str, /, **arguments: Any) -> Mapping[str, Any]:
        """Run a tool and return its result, which others may share: it is to be read, never changed.

        Raises:
            ToolFailedError: `status` is `denied` (not declared, resting after failures, or one call too many),
                `invalid_args` (the message lists what is wrong), `timeout` or `error`.
        """


class Analyst(Protocol):
    """Looks at one symbol and answers one question.

    The same context gives the same opinion: no clock, no chance, nothing but the context and the tools.
    It must not block the event loop: long computations go through `asyncio.to_thread`.
    """

    @property
    def role(self) -> str:
        """What it is asked for by."""

    @property
    def question(self) -> str:
        """What it asks of the market."""

    @property
    def rule(self) -> str:
        """How it finds the answer, with the source."""

    @property
    def needs(self) -> Needs:
        """What a context must hold before it is asked."""

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools it may call."""

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; whatever is raised becomes an abstention with the reason."""


class ToolArguments(BaseModel, extra="forbid", frozen=True):
    """The arguments of a tool that takes none; those of others inherit it and stay flat: numbers, words, lists of them.

    A field's description and its limits are all that a model is told of it.
    """


class Tool(Protocol):
    """Computes something an analyst may ask for: a pure function of the context and its arguments.

    Beside what is named here a class may say `quick = True` (it answers in well under a millisecond and is run on the
    spot; any other is put in a thread, or awaited when its `run` is asynchronous, and has a time limit) and
    `recomputable = False` (it looks outside, so a replay uses what it answered then).
    """

    name: ClassVar[str]
    description: ClassVar[str]
    arguments: ClassVar[type[BaseModel]]

    def run(self, context: AnalysisContext, **arguments: Any) -> Any:
        """Return a JSON object (a dict of JSON values, no NaN, at most 64 kB), or an awaitable of one.

        Args:
            arguments: every field of the tool's arguments, already checked.
        """
