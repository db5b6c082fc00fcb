"""What was computed for an analyst before its model was asked; whoever stands in for the model uses it again."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.errors import ToolFailedError
from app.ports.analyst import ToolBelt
from app.ports.assignment import Assignment


class Findings:
    """A tool belt that knows some answers already.

    Args:
        tools: everything else is asked of it.
    """

    def __init__(self, tools: ToolBelt) -> None:
        self.tools = tools
        self.results: dict[str, Mapping[str, Any]] = {}

    @property
    def assignment(self) -> Assignment | None:
        """What the analyst was told beside the context."""
        return self.tools.assignment

    async def gather(self, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Run tools without arguments; return what each found, or that it found nothing."""
        told: dict[str, Mapping[str, Any]] = {}
        for name in names:
            try:
                told[name] = self.results[name] = await self.tools.call(name)
            except ToolFailedError as error:
                told[name] = {"unavailable": error.public}
        return told

    async def call(self, name: str, /, **arguments: Any) -> Mapping[str, Any]:
        """Return what was found already, or run the tool; see `ToolBelt.call`."""
        if not arguments and name in self.results:
            return self.results[name]
        return await self.tools.call(name, **arguments)
