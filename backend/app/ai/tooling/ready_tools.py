"""Tools made ready: what every call of one needs is worked out once."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from app import plugins
from app.ai.tooling.arguments import Given, read
from app.ports.analyst import Tool, ToolArguments


class ReadyTool:
    """A tool and how it wants to be run.

    Args:
        name: of the tool in the plugin table.
        made_by: its class; what that leaves out counts as no arguments and slow.
    """

    def __init__(self, name: str, made_by: type[Tool]) -> None:
        self.name = name
        self.tool = made_by()
        self.is_async = inspect.iscoroutinefunction(made_by.run)
        self.is_quick = getattr(made_by, "quick", False) and not self.is_async
        self._model = getattr(made_by, "arguments", ToolArguments)
        self._without_arguments = read(self._model, {})

    def read(self, arguments: Mapping[str, Any]) -> Given:
        """Return the arguments as the tool takes them, or with a complaint."""
        return read(self._model, arguments) if arguments else self._without_arguments


def ready_tool(name: str) -> ReadyTool:
    """Return the tool of that name.

    Raises:
        UnknownNameError: there is none.
    """
    return _made_ready(name, plugins.load("tool", name))


@cache
def _made_ready(name: str, made_by: type[Tool]) -> ReadyTool:
    return ReadyTool(name, made_by)
