"""Questions and answers: one reply queue of our own, each answer found by the id of its question."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from aiormq import Connection
from aiormq.abc import AbstractChannel, DeliveredMessage

from app.domain.identifiers import new_id
from app.messaging.errors import AgentCommunicationError, MessageRefusedError, TransportUnavailableError
from app.messaging.parcels import Codec
from app.messaging.rabbitmq.consumer import Consumer, Plan
from app.messaging.rabbitmq.posting import received
from app.messaging.rabbitmq.session import Session
from app.messaging.rabbitmq.topology import Topology

M = TypeVar("M")


class Requests(Generic[M]):
    """The questions of this process that wait for an answer."""

    def __init__(self, topology: Topology, codec: Codec[M], make_consumer: Callable[[Plan], Consumer]) -> None:
        self._topology = topology
        self._codec = codec
        self._waiting: dict[str, asyncio.Future[M]] = {}
        self.consumer = make_consumer(Plan("replies", self._set_up, self._take, self._lost))

    async def reply_queue(self) -> str:
        """Return where answers are to be sent; wait until it is there."""
        while (session := self.consumer.session) is None:
            await self.consumer.is_attached.wait()
        return session.queue

    def expect(self) -> tuple[str, asyncio.Future[M]]:
        """Return the id of a new question and where its answer will be; `forget` it in the end."""
        question = new_id()
        answer = self._waiting[question] = asyncio.get_running_loop().create_future()
        return question, answer

    def forget(self, question: str) -> None:
        """Wait for this answer no more."""
        answer = self._waiting.pop(question)
        if not answer.cancel() and not answer.cancelled():
            answer.exception()  # nobody else may have looked at it

    async def _set_up(self, _connection: Connection, channel: AbstractChannel) -> str:
        queue = f"{self._topology.name_of('replies')}.{new_id()}"
        await channel.queue_declare(queue, exclusive=True, auto_delete=True)
        return queue

    async def _take(self, session: Session, delivered: DeliveredMessage) -> None:
        session.heard += 1
        answer = self._waiting.get(delivered.header.properties.correlation_id or "")
        if answer is None or answer.done():
            return
        try:
            answer.set_result(self._codec.unpack(received(delivered)))
        except AgentCommunicationError as error:
            answer.set_exception(MessageRefusedError(f"The answer cannot be read. {error.public}"))

    def _lost(self, _session: Session) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                message = "The connection was lost while waiting for an answer; ask again."
                answer.set_exception(TransportUnavailableError(message))
