"""`MultiAgentCoordinator`: decisions now or in the background, looked at again, made again, checked."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Self

import orjson
import structlog

from app import plugins
from app.analysis.voting import analyse_voting
from app.domain.decisions import KeyedAnswer, SealedRecord
from app.domain.errors import ConflictError, NotFoundError, StoreError
from app.domain.events import Event
from app.domain.questions import Question
from app.domain.tool_policies import ToolPolicy
from app.events.agent_event_bus import AgentEventBus
from app.events.announcer import Announcer
from app.events.asking import Asking
from app.events.conclusion import Conclusion
from app.events.jobs.assembly import Jobs, Working
from app.events.jobs.desk import ConsensusStatus
from app.events.replay import Replay, replay
from app.events.road import Road
from app.events.rules_seating import RulesSeating
from app.events.verification import Verification, verify
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import Panel
from app.ports.seating import Seating, Seats

log = structlog.get_logger(__name__)


class MultiAgentCoordinator:
    """Walks each question down the road; takes on requests that are decided in the background.

    `async with MultiAgentCoordinator() as coordinator` lets go of what is under way when the block ends.

    Args:
        working: who does accepted work and on which terms; None does it here.
    """

    def __init__(
        self,
        panel: Panel | None = None,
        store: DecisionStore | None = None,
        bus: AgentEventBus | None = None,
        clock: Clock | None = None,
        analysts: Mapping[str, Analyst] | None = None,
        *,
        seating: Seating | None = None,
        tool_policy: Callable[[], Awaitable[ToolPolicy]] | None = None,
        thinks_aloud: bool = True,
        working: Working | None = None,
    ) -> None:
        self._panel: Panel = panel or plugins.load("panel", "concurrent")()
        self._store: DecisionStore = store or plugins.load("decision_store", "memory")()
        self._bus, self._owns_bus = bus or AgentEventBus(), bus is None
        self._clock: Clock = clock or plugins.load("clock", "system")()
        self._seating: Seating = seating or RulesSeating(analysts)
        self._announcer = Announcer(self._store, self._bus)
        self._asking = asking = Asking(
            self._panel,
            self._store,
            self._bus,
            self._clock,
            self._seating,
            tool_policy=tool_policy,
            thinks_aloud=thinks_aloud,
        )
        conclusion = Conclusion(self._store, self._clock, self._announcer)
        working = working or Working()
        self._road = Road(asking, conclusion, self._clock, self._seating, working.most_at_once)
        self._jobs = Jobs(
            self._store,
            asking,
            conclusion,
            announcer=self._announcer,
            clock=self._clock,
            seating=self._seating,
            working=working,
        )

    @property
    def analysts(self) -> Mapping[str, Analyst]:
        """The analysts that follow their rules, by role: those handed in, else those of the plugin table."""
        return self._seating.rules

    @property
    def jobs(self) -> Jobs:
        """Decisions that were accepted and are still to be made."""
        return self._jobs

    async def seats(self) -> Seats:
        """Everybody who can be asked now, models among them, by seat."""
        return await self._seating.seats()

    async def __aenter__(self) -> Self:
        await self._announcer.begin()
        await self._bus.listen([("decision.#", self._jobs.on_event)])
        await self._jobs.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of what is under way here; accepted jobs stay pending in the store, for whoever opens it next."""
        await self._jobs.close()
        if self._owns_bus:
            await self._bus.close()

    async def follow(self, every_s: float) -> None:
        """Tell the bus of what other processes store, too, looking every `every_s` seconds; runs until cancelled."""
        await self._announcer.follow(every_s)

    async def look(self, newest: int | None = None) -> None:
        """Tell the bus at once of what other processes have stored, if that can be read now; see `Announcer.look`."""
        try:
            await self._announcer.look(newest)
        except StoreError as error:
            log.warning("stored events not read", error=error.public)

    async def decide(self, question: Question) -> SealedRecord:
        """Return the decision once it is stored with its evidence; where workers share the work, they make it.

        Raises:
            InvalidInputError: the question cannot be used; nothing was stored.
            OverloadedError: too much is under way; nothing was stored.
            StoreUnavailableError: the decision could not be stored; it is not given out.
        """
        if self._jobs.are_shared:
            return await self._jobs.decide(question)
        return await self._road.walk(question)

    async def check(self, question: Question) -> None:
        """Do nothing if the question can be used.

        Raises:
            InvalidInputError: it cannot; names what is wrong and the next step.
        """
        await self._asking.open(question)

    async def request_consensus(self, question: Question, answer: KeyedAnswer | None = None) -> str:
        """Accept a question to be decided in the background; return the id, which becomes the decision's id.

        What is accepted survives the end of this process, if the store does.

        Args:
            answer: kept under its Idempotency-Key together with the request.

        Raises:
            InvalidInputError: the question cannot be used.
            OverloadedError: too many requests are pending.
            StillRunningError: the Idempotency-Key is taken.
        """
        return await self._jobs.desk.accept(question, answer=answer)

    async def consensus(self, consensus_id: str, timeout_s: float | None = 0) -> ConsensusStatus:
        """Return where a request stands, after waiting up to `timeout_s` for its end (None: as long as it takes).

        Raises:
            NotFoundError: there is no such request.
        """
        return await self._jobs.desk.status(consensus_id, timeout_s)

    async def cancel_consensus(self, consensus_id: str) -> ConsensusStatus:
        """Stop a request, in whatever process it is worked on, and tell the feed.

        Raises:
            NotFoundError: there is no such request.
            ConflictError: it is already complete.
        """
        return await self._jobs.cancel(consensus_id)

    async def withdraw(self, decision_id: str) -> None:
        """Let go of a decision that nobody waits for any more, wherever it is being made."""
        if self._jobs.are_shared:
            with suppress(NotFoundError, ConflictError):
                await self._jobs.desk.cancel(decision_id)

    async def announce(self, *events: Event) -> None:
        """Store events that belong to no decision, then tell the bus of them.

        Raises:
            StoreUnavailableError: they could not be stored; nobody is told.
        """
        await self._announcer.announce(await self._store.append_events(events))

    async def record(self, decision_id: str) -> SealedRecord:
        """Return a stored decision.

        Raises:
            NotFoundError: there is none with that id.
        """
        record = await self._store.get(decision_id)
        if record is None:
            raise NotFoundError("There is no decision with this id.")
        return record

    async def replay(self, decision_id: str) -> Replay:
        """Make a stored decision again from its evidence and compare; see `events.replay`.

        Raises:
            NotFoundError: there is none with that id.
        """
        record = await self.record(decision_id)
        evidence = await self._store.evidence(decision_id)
        if evidence is None:
            raise NotFoundError("The evidence of this decision is gone; it cannot be made again.")
        return await replay(record, evidence, self._panel, self._seating)

    async def verify(self) -> Verification:
        """Check every chain; see `events.verification`."""
        return await verify(self._store)

    async def voting_analysis(self, decision_id: str) -> dict[str, Any]:
        """Return agreement, effective number of votes and dissent of a stored decision; see `analysis.voting`.

        Raises:
            NotFoundError: there is none with that id.
        """
        return analyse_voting(orjson.loads((await self.record(decision_id)).body))

    async def agent_performance(self) -> tuple[dict[str, Any], ...]:
        """Return per agent how often and how fast it voted, and how often with the decision."""
        return await self._store.agent_performance()
