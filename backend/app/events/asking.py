"""Opens a case and asks its panel, aloud where somebody listens."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from app.domain.errors import AgentSystemError
from app.domain.model_calls import Exchange, ModelCall
from app.domain.questions import Question
from app.domain.tool_policies import DEFAULT, ToolPolicy
from app.events.agent_event_bus import AgentEventBus
from app.events.finishing import to_its_end
from app.events.intake import Case, open_case
from app.events.thinking_aloud import ThinkingAloud
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import Panel, PanelResult, Sitting
from app.ports.seating import Seating, Seats

log = structlog.get_logger(__name__)

TRACK_RECORD: Final = "get_analyst_track_record"
DECISIONS_LOOKED_BACK: Final = 20

ToolPolicyNow = Callable[[], Awaitable[ToolPolicy]]


class Asking:
    """What everybody does who asks a panel.

    Args:
        bus: models think aloud on it.
        tool_policy: returns by which rules the next decision's tools are run; None is always the usual.
        thinks_aloud: whether models' words are published while somebody listens.
    """

    def __init__(
        self,
        panel: Panel,
        store: DecisionStore,
        bus: AgentEventBus,
        clock: Clock,
        seating: Seating,
        *,
        tool_policy: ToolPolicyNow | None = None,
        thinks_aloud: bool = True,
    ) -> None:
        self._panel = panel
        self._store = store
        self._bus = bus
        self._clock = clock
        self._seating = seating
        self.tool_policy: ToolPolicyNow = tool_policy or _usual_policy
        self._thinks_aloud = thinks_aloud

    async def open(self, question: Question) -> tuple[Case, Seats]:
        """Check a question, freeze its context and settle who is asked.

        Raises:
            InvalidInputError: names what cannot be used and the next step.
        """
        seats = await self._seating.seats()
        return await self._with_past_votes(open_case(question, seats.analysts, seats.flags)), seats

    async def _with_past_votes(self, case: Case) -> Case:
        """Let the panel see its earlier votes on this symbol, if anybody may look; simulated bars have no past."""
        if case.is_simulated or not any(TRACK_RECORD in analyst.tools for analyst in case.seats.values()):
            return case
        past = await self._store.past_votes(case.context.symbol, case.context.as_of, DECISIONS_LOOKED_BACK)
        return replace(case, context=replace(case.context, past_votes=past))

    async def ask(self, case: Case, sitting: Sitting, timeout_s: float) -> PanelResult:
        """Hold the panel of a case; where models sit and somebody listens, they think aloud."""
        context = case.context
        aloud = ThinkingAloud(self._bus, self._clock, case.seats, context.symbol, sitting.decision_id)
        if not (self._thinks_aloud and aloud.is_heard and self.models(case.seats)):
            return await self._panel.run(context, case.seats, timeout_s, sitting)
        async with aloud as think:
            return await self._panel.run(context, case.seats, timeout_s, replace(sitting, think=think))

    async def keep_what_was_paid(self, decision_id: str, calls: Sequence[ModelCall], kept: Sequence[Exchange]) -> None:
        """Write down what models were asked for nothing; that is done whatever happens to the caller."""
        await to_its_end(self._keep(decision_id, calls, kept))

    async def _keep(self, decision_id: str, calls: Sequence[ModelCall], kept: Sequence[Exchange]) -> None:
        try:
            await self._store.append_model_calls(decision_id, calls, kept)
        except AgentSystemError as error:
            log.warning("model calls not kept", decision_id=decision_id, error=error.public)

    def models(self, seats: Mapping[str, Analyst]) -> dict[str, Any]:
        """Return how to seat each model again, by agent; those that follow rules are not in it."""
        told = {agent: self._seating.described(analyst) for agent, analyst in seats.items()}
        return {agent: described for agent, described in told.items() if described is not None}


async def _usual_policy() -> ToolPolicy:
    return DEFAULT
