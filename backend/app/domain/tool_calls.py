"""One use of a tool by an analyst, as it is recorded."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

SUCCESS: Final = "success"
ERROR: Final = "error"
TIMEOUT: Final = "timeout"
INVALID_ARGS: Final = "invalid_args"
DENIED: Final = "denied"
CACHED: Final = "cached"


class ToolCall(NamedTuple):
    """What was called, by whom, how it went and what came back; a tuple, because a decision makes a score of them.

    Args:
        arguments: as the analyst gave them; empty when they cannot be written down.
        status: `success`, `error`, `timeout`, `invalid_args`, `denied` or `cached` (shared with an identical call).
        execution_time_ms: 0 or more, from the call to its answer.
        result: None unless the call succeeded.
        error: what went wrong, without anything of the input.
        arguments_hash: first 16 hex digits of the SHA-256 of the arguments as the tool read them, defaults filled in
            (as they were given, when it did not read them); calls of a tool with one hash are the same call.
        bytes: size of the result as JSON; 0 without one.
        error_kind: one word or class name for `error`; None when the call succeeded.
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
    arguments_hash: str = ""
    bytes: int = 0
    error_kind: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the call as it stands on the feed."""
        return {
            "call_id": self.call_id,
            "agent_id": self.agent_id,
            "tool_name": self.tool_name,
            "arguments": dict(self.arguments),
            "arguments_hash": self.arguments_hash,
            "status": self.status,
            "started_at": self.started_at.isoformat(),
            "execution_time_ms": round(self.execution_time_ms, 3),
            "bytes": self.bytes,
            "result": self.result,
            "error_kind": self.error_kind,
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Read what `as_dict` wrote; a call written before hashes were kept has none."""
        known = {name: fields[name] for name in cls._fields if name in fields}
        return cls(**{**known, "started_at": datetime.fromisoformat(fields["started_at"])})


def without_shared_results(calls: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return calls as evidence has them: a shared result is written once, with the call that made it."""
    return [{**call, "result": None} if call["status"] == CACHED else call for call in calls]


def with_shared_results(calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return calls of one decision as evidence has them, with the result of each shared call put back."""
    written = [dict(call) for call in calls]
    made = {_sameness(call): call["result"] for call in written if call["status"] == SUCCESS}
    for call in written:
        if call["status"] == CACHED and call["result"] is None:
            call["result"] = made.get(_sameness(call))
    return written


def _sameness(call: Mapping[str, Any]) -> tuple[str, str]:
    return call["tool_name"], call.get("arguments_hash", "")
