"""Work that is kept until somebody has done it."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final, Generic, Protocol, TypeVar

T = TypeVar("T")
_NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A named queue and how it treats its work; every process that names it says the same, but for `prefetch`.

    Args:
        name: letters, digits, `-`, `_` and `.`.
        patterns: what it keeps of all that is published; it always keeps what is sent to it by name.
        returns: how often a message may come back unsettled before it becomes a dead letter, from 1. Being fetched by a
            process that ends counts too, so this is no number of tries.
        prefetch: deliveries that one consumer may hold unsettled.
        max_length: messages kept; beyond it publishers are refused.
        one_consumer: let one consumer of all processes work at a time, the others standing by: order needs it.

    Raises:
        ValueError: the name has other characters, or a number is below 1.
    """

    name: str
    patterns: tuple[str, ...] = ()
    returns: int = 20
    prefetch: int = 100
    max_length: int = 100_000
    one_consumer: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("The name of a queue has 1 to 200 letters, digits, '-', '_' and '.'.")
        if min(self.returns, self.prefetch, self.max_length) < 1:
            raise ValueError(f"Queue {self.name}: returns, prefetch and max_length are 1 or more.")

    def is_same_as(self, other: "WorkQueue") -> bool:
        """Whether both describe one queue; how much a consumer takes at a time is its own affair."""
        return replace(self, prefetch=other.prefetch) == other


@dataclass(frozen=True, slots=True)
class DeadLetter(Generic[T]):
    """A message that its queue gave up.

    Args:
        queue: the queue it was in.
        reason: a word or a sentence: `delivery_limit`, `expired`, or what was wrong with it.
        message: None where nobody can read it.
        body: as it came over the wire; empty where messages are handed over as objects.
    """

    queue: str
    topic: str
    reason: str
    message_id: str
    message: T | None
    body: bytes = b""


class Delivery(Protocol[T]):
    """One message in the hands of a consumer: it stays in the queue until it is settled, once, either way.

    Settling again does nothing. What is not settled when the consumer leaves or dies comes to another.
    """

    @property
    def message(self) -> T:
        """What was sent."""

    @property
    def redelivered(self) -> bool:
        """Whether it may have been in somebody's hands before."""

    @property
    def wants_reply(self) -> bool:
        """Whether it is a request."""

    async def ack(self) -> None:
        """Say that its effect has been made; it will not come again.

        Raises:
            TransportError: that could not be said; the message comes again, its effect stands.
        """

    async def nack(self, requeue: bool = True, reason: str = "refused") -> None:
        """Give it back, or with `requeue=False` make it a dead letter with this reason.

        Raises:
            TransportError: that could not be said; the message comes again.
        """

    async def reply(self, message: T) -> None:
        """Answer a request; nothing happens where nobody waits for the answer any more.

        Raises:
            TransportError: this was no request, or the answer was not taken.
        """


class Queues(Protocol[T]):
    """Queues shared by consumers in any process."""

    async def declare(self, *queues: WorkQueue) -> None:
        """Make queues that are not there yet, so that what is published is kept even before anybody consumes.

        Raises:
            TransportError: one exists with other settings, or the broker cannot be reached.
        """

    def consume(self, queue: WorkQueue) -> AbstractAsyncContextManager[AsyncIterator[Delivery[T]]]:
        """Take work from a queue, in its order; each message is in the hands of one consumer at a time."""

    async def send(self, queue: str, *messages: T) -> None:
        """Put messages into one queue by name; return once the transport has taken responsibility for all.

        Raises:
            TransportError: there is no such queue, or it was not taken; sending the same again is safe.
        """

    async def request(self, queue: str, message: T, timeout_s: float) -> T:
        """Send `message` and return what its consumer replies.

        Raises:
            TransportError: there is no such queue, or no answer came in time; then the request expires in the queue.
        """

    def dead_letters(self, queue: str) -> AbstractAsyncContextManager[AsyncIterator[Delivery[DeadLetter[T]]]]:
        """Read what a queue gave up; `ack` forgets a letter, sending its message to the queue tries it again."""
