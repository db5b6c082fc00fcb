"""`MultiAgentCoordinator`: decisions now or in the background, looked at again, made again, checked."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

import orjson

from app import plugins
from app.analysis.voting import analyse_voting
from app.domain.decisions import SealedRecord
from app.domain.errors import ConflictError, NotFoundError
from app.domain.events import Event
from app.domain.questions import Question
from app.domain.tool_policies import ToolPolicy
from app.events import announcements
from app.events.agent_event_bus import AgentEventBus
from app.events.announcer import Announcer
from app.events.consensus_requests import ConsensusRequests, ConsensusStatus
from app.events.intake import open_case
from app.events.replay import Replay, replay
from app.events.road import Road
from app.events.rules_seating import RulesSeating
from app.events.verification import Verification, verify
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.panel import Panel
from app.ports.seating import Seating, Seats


class MultiAgentCoordinator:
    """Walks each question down the road; keeps requests that run in the background.

    `async with MultiAgentCoordinator() as coordinator` cancels what is pending when the block ends.
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
    ) -> None:
        self._panel: Panel = panel or plugins.load("panel", "concurrent")()
        self._store: DecisionStore = store or plugins.load("decision_store", "memory")()
        self._bus = bus or AgentEventBus()
        self._clock: Clock = clock or plugins.load("clock", "system")()
        self._requests = ConsensusRequests()
        self._seating: Seating = seating or RulesSeating(analysts)
        self._announcer = Announcer(self._store, self._bus)
        self._road = Road(
            self._panel,
            self._store,
            self._bus,
            self._clock,
            self._seating,
            announcer=self._announcer,
            tool_policy=tool_policy,
            thinks_aloud=thinks_aloud,
        )

    @property
    def analysts(self) -> Mapping[str, Analyst]:
        """The analysts that follow their rules, by role: those handed in, else those of the plugin table."""
        return self._seating.rules

    async def seats(self) -> Seats:
        """Everybody who can be asked now, models among them, by seat."""
        return await self._seating.seats()

    async def __aenter__(self) -> Self:
        await self._announcer.begin()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel every pending request and wait for it."""
        await self._requests.close()

    async def follow(self, every_s: float) -> None:
        """Tell the bus of what other processes store, too, looking every `every_s` seconds; runs until cancelled."""
        await self._announcer.follow(every_s)

    async def decide(self, question: Question) -> SealedRecord:
        """Return the decision once it is stored with its evidence.

        Raises:
            InvalidInputError: the question cannot be used; nothing was stored.
            StoreUnavailableError: the decision could not be stored; it is not given out.
        """
        return await self._road.walk(question)

    async def check(self, question: Question) -> None:
        """Do nothing if the question can be used.

        Raises:
            InvalidInputError: it cannot; names what is wrong and the next step.
        """
        open_case(question, (await self._seating.seats()).analysts)

    async def request_consensus(self, question: Question) -> str:
        """Start deciding in the background; return the id, which becomes the decision's id.

        Raises:
            InvalidInputError: the question cannot be used.
            OverloadedError: too many requests are pending.
        """
        await self.check(question)
        self._requests.start(question.decision_id, self.decide(question))
        return question.decision_id

    async def consensus(self, consensus_id: str, timeout_s: float | None = 0) -> ConsensusStatus:
        """Return where a request stands, after waiting up to `timeout_s` for its end (None: as long as it takes).

        Raises:
            NotFoundError: there is no such request.
        """
        try:
            return await self._requests.wait(consensus_id, timeout_s)
        except NotFoundError:
            record = await self._store.get(consensus_id)
            if record is None:
                raise
            return ConsensusStatus(consensus_id, "complete", record)

    def pending_requests(self) -> tuple[str, ...]:
        """Return the ids of requests that have not ended, oldest first."""
        return self._requests.pending()

    async def cancel_consensus(self, consensus_id: str) -> ConsensusStatus:
        """Stop a request and tell the feed.

        Raises:
            NotFoundError: there is no such request.
            ConflictError: it is already complete.
        """
        known = await self.consensus(consensus_id)
        if known.status == "complete":
            raise ConflictError("The consensus request is already complete; it cannot be cancelled.")
        ended = await self._requests.cancel(consensus_id)
        event = announcements.cancelled(consensus_id, self._clock.now())
        await self.announce(event)
        return ended

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
