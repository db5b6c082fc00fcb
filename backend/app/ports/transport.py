"""How messages travel between the parts of the desk, in one process or many."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol, TypeVar

from app.ports.queues import Queues


class Addressed(Protocol):
    """What a transport can carry: frozen, with a topic to route it by and an id that stays the same when sent again."""

    @property
    def topic(self) -> str:
        """Words joined by dots, such as `agent.vote.AAPL.risk_advisor`."""

    @property
    def message_id(self) -> str:
        """UUIDv7."""


M = TypeVar("M", bound=Addressed)
M_co = TypeVar("M_co", bound=Addressed, covariant=True)


class TransportState(StrEnum):
    """How a transport is doing; the words are shown in health reports."""

    UP = "up"
    BLOCKED = "blocked"
    DOWN = "down"


class Deliveries(Protocol[M_co]):
    """The messages of one subscriber, in the order they were published."""

    @property
    def dropped(self) -> int:
        """How many messages this subscriber lost because it did not read."""

    @property
    def interruptions(self) -> int:
        """How often the way to this subscriber was cut, each time losing what was published meanwhile."""

    def __aiter__(self) -> AsyncIterator[M_co]: ...

    async def __anext__(self) -> M_co: ...


class Transport(Queues[M], Protocol[M]):
    """Moves messages to whoever wants them, in publishing order per receiver.

    Two kinds of receiver: a subscriber lives in one process and loses what it does not read; a queue keeps work for
    consumers in any process until one has done it.
    """

    async def publish(self, *messages: M, required: bool = False) -> None:
        """Return once the transport has taken responsibility for all, in order; a slow subscriber is never waited for.

        Subscribers get them if they can, queues whose patterns match keep them.

        Args:
            required: refuse a message that no queue keeps.

        Raises:
            TransportError: it was not taken; publishing the same again is safe, receivers know it by its id.
        """

    def subscribe(self, pattern: str, capacity: int = 1_024) -> AbstractAsyncContextManager[Deliveries[M]]:
        """Receive messages whose topic matches `pattern` (`*` is one word, `#` any number of words).

        Args:
            capacity: unread messages kept; beyond it the oldest is dropped and counted.
        """

    def hears(self, topic: str) -> bool:
        """Whether anybody may receive a message of this topic; True where the transport cannot know."""

    @property
    def dropped(self) -> int:
        """Messages lost by all subscribers of this process together since the start."""

    @property
    def state(self) -> TransportState:
        """`blocked` means that messages arrive but none are taken at present."""

    def describe(self) -> str:
        """Say in words how the transport is doing, with the next step where something is wrong."""
