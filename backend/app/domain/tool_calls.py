"""One use of a tool by an analyst, as it is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What was called, by whom, how it went and what came back.

    Args:
        status: `success`, `error`, `denied`, `invalid_args` or `cached` (shared with an identical call).
        execution_time_ms: 0 or more.
        result: None unless the call succeeded.
        error: what went wrong, without anything of the input.
    """

    call_id: str
    agent_id: str
    tool_name: str
    arguments: Mapping[str, Any]
    status: str
    started_at: datetime
    execution_time_ms: float
    result: Mapping[str, Any] | None = None
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the call as it stands in the evidence and on the feed."""
        return {
            "call_id": self.call_id,
            "agent_id": self.agent_id,
            "tool_name": self.tool_name,
            "arguments": dict(self.arguments),
            "status": self.status,
            "started_at": self.started_at.isoformat(),
            "execution_time_ms": round(self.execution_time_ms, 3),
            "result": self.result,
            "error": self.error,
        }
