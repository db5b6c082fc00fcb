"""What models say while they think, on the feed: never more than twenty events a second for one decision."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from app.domain.errors import TransportError
from app.domain.events import Event, agent_thinking, thinking_topic
from app.events.agent_event_bus import AgentEventBus
from app.ports.analyst import Analyst
from app.ports.clock import Clock

log = structlog.get_logger(__name__)

MOST_A_SECOND: Final = 20
PACE_S: Final = 0.07
MOST_CHARACTERS: Final = 4_000


class ThinkingAloud:
    """Gathers the pieces of text of one decision's models and publishes them at a pace; nothing of it is stored.

    Use it as `async with ThinkingAloud(...) as aloud`; what is unsaid at the end is said once more if the pace allows.
    What the bus does not take is lost: no decision fails because nobody could listen to it.
    """

    def __init__(
        self, bus: AgentEventBus, clock: Clock, seats: Mapping[str, Analyst], symbol: str, decision_id: str
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._seats = seats
        self._symbol = symbol
        self._decision_id = decision_id
        self._unsaid: dict[str, list[str]] = {}
        self._said_at: deque[float] = deque(maxlen=MOST_A_SECOND)
        self._speaker: asyncio.Task[None] | None = None
        self._waken = asyncio.Event()

    @property
    def is_heard(self) -> bool:
        """Whether anybody would receive what one of them says; nobody is made to speak up for nobody."""
        roles = {analyst.role for analyst in self._seats.values()}
        return any(self._bus.hears(thinking_topic(self._symbol, role)) for role in roles)

    async def __aenter__(self) -> Callable[[str, str], None]:
        self._speaker = asyncio.create_task(self._speak(), name=f"thinking {self._decision_id}")
        return self.hear

    async def __aexit__(self, *_exc: object) -> None:
        if self._speaker is not None:
            self._speaker.cancel()
            await asyncio.wait([self._speaker])
        while self._unsaid and self._may_speak():
            await self._say_one()

    def hear(self, agent_id: str, text: str) -> None:
        """Take a piece of text; it is published with what follows it."""
        if text:
            self._unsaid.setdefault(agent_id, []).append(text)
            self._waken.set()

    async def _speak(self) -> None:
        while True:
            await self._waken.wait()
            if self._unsaid:
                await self._say_one()
            else:
                self._waken.clear()
                continue
            await asyncio.sleep(PACE_S)

    def _may_speak(self) -> bool:
        full = len(self._said_at) == MOST_A_SECOND
        return not full or self._clock.monotonic() - self._said_at[0] >= 1.0

    async def _say_one(self) -> None:
        """Publish what the agent that has waited longest has said since."""
        agent_id = next(iter(self._unsaid))
        text = "".join(self._unsaid.pop(agent_id))[-MOST_CHARACTERS:]
        self._said_at.append(self._clock.monotonic())
        try:
            await self._bus.publish(self._told(agent_id, text))
        except TransportError:
            log.warning("thinking not told", agent_id=agent_id)

    def _told(self, agent_id: str, text: str) -> Event:
        role, now = self._seats[agent_id].role, self._clock.now()
        return agent_thinking(agent_id, role, self._symbol, self._decision_id, text=text, timestamp=now)
