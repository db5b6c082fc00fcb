from types import SimpleNamespace

import pytest

from app.analysis.tool_feedback_tracker import ToolFeedbackTracker
from app.desk_health import health_of
from app.domain.tool_policies import ToolPolicy
from app.events.agent_event_bus import AgentEventBus
from app.messaging.transports.in_process import InProcessTransport
from app.observability.system_clock import SystemClock
from app.ports.transport import TransportState
from app.storage.repositories.in_memory import InMemoryDecisionStore
from tests.builders import START


class Away(InProcessTransport):
    """A transport that says how it is."""

    def __init__(self, state):
        super().__init__()
        self.state = state

    def describe(self):
        return "the broker cannot be reached; start it"


def a_board(guards=None, transport=None, tracker=None):
    store = InMemoryDecisionStore()
    bus = AgentEventBus(transport or InProcessTransport())
    guards = {} if guards is None else guards
    return health_of(SystemClock(), store, bus, tracker or ToolFeedbackTracker(store), guards=guards)


async def test_every_part_of_a_desk_tells_status_reason_and_since_when():
    report = await a_board({"ollama": SimpleNamespace(state="closed", opened_at=None)}).report()

    assert report.keys() == {
        "agent_system", "store", "event_bus", "coordinator", "models", "tools", "provider_ollama",
    }  # fmt: skip
    assert all(part.keys() == {"status", "detail", "reason", "since"} for part in report.values())
    assert {part["status"] for part in report.values()} == {"up"}
    assert {part["reason"] for part in report.values()} == {None}
    assert all(part["since"] for part in report.values())


@pytest.mark.parametrize(("state", "status"), [("open", "down"), ("half_open", "degraded")])
async def test_a_provider_whose_breaker_is_not_closed_has_failed_since_it_opened(state, status):
    board = a_board({"anthropic": SimpleNamespace(state=state, opened_at=START)})
    part = (await board.report())["provider_anthropic"]

    assert (part["status"], part["since"]) == (status, START.isoformat())
    assert "repeated failures" in part["reason"]
    assert board.overall(await board.report()) == "degraded"


async def test_a_provider_that_joins_later_is_asked_too():
    guards = {}
    board = a_board(guards)
    assert "provider_ollama" not in await board.report()
    guards["ollama"] = SimpleNamespace(state="closed", opened_at=None)
    assert (await board.report())["provider_ollama"]["detail"] == "closed: asked as usual"


@pytest.mark.parametrize(("state", "status"), [(TransportState.BLOCKED, "degraded"), (TransportState.DOWN, "down")])
async def test_without_its_transport_the_desk_is_degraded_for_it_still_decides(state, status):
    board = a_board(transport=Away(state))
    report = await board.report()

    assert report["event_bus"]["status"] == status
    assert report["event_bus"]["reason"] == "the broker cannot be reached; start it"
    assert board.overall(report) == "degraded"


async def test_tools_that_rest_are_named():
    class Strict(ToolFeedbackTracker):
        def policy(self, now=None):
            return ToolPolicy(1, {}, frozenset({"score_news", "get_bars"}), frozenset({"get_bars"}))

    part = (await a_board(tracker=Strict(InMemoryDecisionStore())).report())["tools"]
    assert (part["status"], part["detail"]) == ("degraded", "resting: score_news")
