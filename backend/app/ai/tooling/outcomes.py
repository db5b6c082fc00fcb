"""How a call went, and the running of a tool to its outcome: whatever it does becomes one."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import structlog

from app.ai.tooling.daemon_thread import in_daemon_thread
from app.ai.tooling.ready_tools import ReadyTool
from app.ai.tooling.results import UnusableResultError, size_of
from app.domain.errors import AgentSystemError, InvalidInputError
from app.domain.market import AnalysisContext
from app.domain.tool_calls import CACHED, ERROR, INVALID_ARGS, SUCCESS, TIMEOUT

log = structlog.get_logger(__name__)


class Outcome(NamedTuple):
    """How a call went; the fields are those of `ToolCall`."""

    status: str
    result: Mapping[str, Any] | None = None
    bytes: int = 0
    error_kind: str | None = None
    error: str | None = None


def shared(outcome: Outcome) -> Outcome:
    """Return the outcome for whoever made an identical call: a success is marked as shared."""
    return Outcome(CACHED, outcome.result, outcome.bytes) if outcome.status == SUCCESS else outcome


def run_now(ready: ReadyTool, context: AnalysisContext, values: Mapping[str, Any]) -> Outcome:
    """Run a tool to its end here."""
    try:
        return _finished(ready.tool.run(context, **values))
    except Exception as error:  # noqa: BLE001 - a tool may raise anything
        return failed(ready.name, error)


async def run_within(seconds: float, ready: ReadyTool, context: AnalysisContext, values: Mapping[str, Any]) -> Outcome:
    """Run a tool, awaiting an asynchronous one and putting any other in a thread, for at most `seconds`."""
    try:
        async with asyncio.timeout(seconds) as limit:
            if ready.is_async:
                return _finished(await ready.tool.run(context, **values))
            return await in_daemon_thread(partial(run_now, ready, context, values))
    except Exception as error:  # noqa: BLE001 - a tool may raise anything
        if isinstance(error, TimeoutError) and limit.expired():
            return Outcome(TIMEOUT, error_kind=TIMEOUT, error=f"{ready.name} gave no answer within {seconds:g} s.")
        return failed(ready.name, error)


def failed(name: str, error: Exception) -> Outcome:
    """Return the outcome of a tool that raised.

    Our own errors speak for themselves, and say whether the tool failed or could do nothing with what it was given; of
    a stranger's only the kind is told, its text may hold anything.
    """
    kind = type(error).__name__
    if isinstance(error, InvalidInputError):
        return Outcome(INVALID_ARGS, error_kind=kind, error=error.public)
    log.warning("tool failed", tool=name, error=kind)
    if isinstance(error, UnusableResultError):
        return Outcome(ERROR, error_kind=error.kind, error=f"{name} cannot be used: {error}.")
    told = error.public if isinstance(error, AgentSystemError) else f"{name} failed with {kind}."
    return Outcome(ERROR, error_kind=kind, error=told)


def _finished(result: Any) -> Outcome:
    return Outcome(SUCCESS, result, size_of(result))
