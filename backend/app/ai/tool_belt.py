"""The only way to a tool: every call is recorded, and identical calls of one decision are computed once."""

from collections.abc import Mapping
from typing import Any

from app import plugins
from app.domain.errors import ToolFailedError, UnknownNameError
from app.domain.identifiers import new_id
from app.domain.market import AnalysisContext
from app.domain.tool_calls import ToolCall
from app.ports.analyst import Analyst, Tool
from app.ports.clock import Clock


class SharedTools:
    """The tools of one decision and what they have answered so far."""

    def __init__(self, context: AnalysisContext, clock: Clock) -> None:
        self.context = context
        self.clock = clock
        self._answers: dict[str, Mapping[str, Any]] = {}

    def belt_of(self, analyst: Analyst, agent_id: str) -> "RecordedTools":
        """Return what `analyst` may reach for."""
        return RecordedTools(self, analyst.tools, agent_id)

    def run(self, name: str, arguments: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Return the tool's result and whether it had been computed before."""
        key = f"{name}{sorted(arguments.items())}"
        known = self._answers.get(key)
        if known is not None:
            return known, True
        tool: Tool = plugins.load("tool", name)()
        answer = self._answers[key] = tool.run(self.context, **arguments)
        return answer, False


class RecordedTools:
    """The tool belt of one analyst; `calls` lists what it did with it."""

    def __init__(self, shared: SharedTools, allowed: tuple[str, ...], agent_id: str) -> None:
        self._shared = shared
        self._allowed = allowed
        self._agent_id = agent_id
        self.calls: list[ToolCall] = []

    async def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        """Run a tool and return its result; see `ToolBelt.call`."""
        clock = self._shared.clock
        moment, started = clock.now(), clock.monotonic()
        result: Mapping[str, Any] | None = None
        status, error = "success", None
        try:
            result, was_known = self._answer(name, arguments)
            status = "cached" if was_known else status
        except ToolFailedError as failure:
            status, error = failure.status, str(failure)
            raise
        finally:
            took_ms = (clock.monotonic() - started) * 1_000
            self.calls.append(
                ToolCall(new_id(), self._agent_id, name, arguments, status, moment, took_ms, result, error)
            )
        return result

    def _answer(self, name: str, arguments: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        if name not in self._allowed:
            raise ToolFailedError("denied", "The tool is not among those this analyst declares.")
        try:
            return self._shared.run(name, arguments)
        except UnknownNameError as error:
            raise ToolFailedError("error", error.public) from error
        except TypeError as error:
            raise ToolFailedError("invalid_args", f"{name} does not take these arguments.") from error
        except Exception as error:
            raise ToolFailedError("error", f"{name} failed with {type(error).__name__}.") from error
