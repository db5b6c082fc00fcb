import pytest

from app.ai.tool_belt import SharedTools
from app.domain.errors import ToolFailedError
from app.observability.system_clock import SystemClock
from tests.builders import ScriptedAnalyst, context, waves


class Curious(ScriptedAnalyst):
    tools = ("compute_indicators", "missing_tool")


def belts(*roles):
    shared = SharedTools(context(waves(200)), SystemClock())
    return [shared.belt_of(Curious(role), f"{role}_AAPL") for role in roles]


async def test_identical_calls_of_one_decision_are_computed_once():
    first, second = belts("a", "b")
    assert await first.call("compute_indicators") is await second.call("compute_indicators")
    assert (first.calls[0].status, second.calls[0].status) == ("success", "cached")
    assert second.calls[0].result == first.calls[0].result


@pytest.mark.parametrize(
    ("name", "arguments", "status"),
    [
        ("assess_risk", {}, "denied"),
        ("missing_tool", {}, "error"),
        ("compute_indicators", {"colour": "red"}, "invalid_args"),
    ],
)
async def test_a_call_that_gives_nothing_is_recorded_with_its_reason(name, arguments, status):
    (belt,) = belts("a")
    with pytest.raises(ToolFailedError):
        await belt.call(name, **arguments)
    assert (belt.calls[0].tool_name, belt.calls[0].status, belt.calls[0].result) == (name, status, None)
    assert belt.calls[0].error
