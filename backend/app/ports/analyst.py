"""Who votes and what they may call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from app.domain.market import AnalysisContext
from app.domain.votes import Opinion


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
            return f"{self.bars} bars of history, {len(context.bars)} given"
        if self.news and not context.news:
            return "at least one news item, none given"
        return None


class ToolBelt(Protocol):
    """The tools of one analyst during one decision; every call is recorded."""

    async def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        """Run a tool and return its result.

        Raises:
            UnknownNameError: there is no such tool.
            ToolFailedError: it failed, was denied to this analyst or got arguments it does not take.
        """


class Analyst(Protocol):
    """Looks at one symbol and answers one question.

    The same context gives the same opinion: no clock, no chance, nothing but the context and the tools.
    It must not block the event loop: long computations go through `asyncio.to_thread`.
    """

    role: ClassVar[str]
    question: ClassVar[str]
    rule: ClassVar[str]
    needs: ClassVar[Needs]
    tools: ClassVar[tuple[str, ...]]

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; whatever is raised becomes an abstention with the reason."""


class Tool(Protocol):
    """Computes something an analyst may ask for: a pure function of the context and its arguments."""

    name: ClassVar[str]
    description: ClassVar[str]

    def run(self, context: AnalysisContext, **arguments: Any) -> Mapping[str, Any]:
        """Return a JSON-like result without NaN.

        Raises:
            TypeError: the arguments are not those of this tool.
        """
