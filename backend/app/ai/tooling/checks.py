"""Before a tool is run: is the call allowed, is there such a tool, and are these arguments it takes?"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from app.ai.tooling.arguments import Given, unread
from app.ai.tooling.outcomes import Outcome, failed
from app.ai.tooling.ready_tools import ReadyTool, ready_tool
from app.domain.errors import UnknownNameError
from app.domain.tool_calls import DENIED, ERROR, INVALID_ARGS, TIMEOUT
from app.domain.tool_policies import ToolPolicy

MOST_CALLS: Final = 8
_NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,64}")

_NOT_ALLOWED: Final = Outcome(
    DENIED, error_kind="not_allowed", error="The tool is not among those this analyst declares."
)
_CALL_LIMIT: Final = Outcome(
    DENIED, error_kind="call_limit", error=f"call limit: an analyst may make {MOST_CALLS} calls in a decision."
)
_SUSPENDED: Final = Outcome(
    DENIED, error_kind="suspended", error="suspended: it failed too often lately; it will be tried again later."
)
_GIVEN_UP: Final = Outcome(TIMEOUT, error_kind="given_up", error="The analyst stopped waiting.")


class Checked(NamedTuple):
    """A call before it is made.

    Args:
        ready: the tool to run; None when the call is refused.
        otherwise: how the call went if the tool is not run to its end.
    """

    given: Given
    ready: ReadyTool | None = None
    otherwise: Outcome = _GIVEN_UP


def check(
    name: str, arguments: Mapping[str, Any], number: int, allowed: tuple[str, ...], policy: ToolPolicy
) -> Checked:
    """Return the tool and its arguments, or why the call is refused.

    Args:
        number: calls that this analyst has made before in this decision.
        allowed: names of the tools it declares.
    """
    denied = _denied(name, number, allowed, policy)
    if denied is not None:
        return Checked(unread(arguments), None, denied)
    try:
        ready = ready_tool(name)
    except UnknownNameError as error:
        return Checked(unread(arguments), None, Outcome(ERROR, error_kind="unknown_tool", error=error.public))
    except Exception as error:  # noqa: BLE001 - building somebody's tool may raise anything
        return Checked(unread(arguments), None, failed(name, error))
    given = ready.read(arguments)
    if given.complaint is None:
        return Checked(given, ready)
    return Checked(given, None, Outcome(INVALID_ARGS, error_kind=INVALID_ARGS, error=f"{name}: {given.complaint}."))


def recordable(name: str) -> str:
    """Return a tool's name as it may be recorded: a model may ask for anything."""
    return name if _NAME.fullmatch(name) else "(unreadable)"


def _denied(name: str, number: int, allowed: tuple[str, ...], policy: ToolPolicy) -> Outcome | None:
    if name not in allowed:
        return _NOT_ALLOWED
    if number >= MOST_CALLS:
        return _CALL_LIMIT
    return _SUSPENDED if policy.suspended and policy.suspends(name) else None
