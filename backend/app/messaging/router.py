"""Brings typed messages to the agents that declared them."""

import asyncio
from collections.abc import Iterable
from typing import Self

from app.messaging.agents import BaseAgent
from app.messaging.envelopes import Envelope
from app.messaging.errors import InvalidAgentError, NoAgentFoundError, UnroutableError
from app.messaging.messages import BaseMessage
from app.messaging.registry import MessageRegistry
from app.messaging.starting import start, stop
from app.messaging.worker import Worker
from app.ports.queues import WorkQueue
from app.ports.transport import Transport


def registry_of(agents: Iterable[BaseAgent | type[BaseAgent]]) -> MessageRegistry:
    """Return the classes that agents take or say, for an `EnvelopeCodec`."""
    return MessageRegistry(each for agent in agents for each in (*agent.messages, *agent.sending_messages))


class MessageRouter:
    """Gives each agent a queue of its own and sends what agents say; `async with` begins and ends the listening.

    The same agent in several processes shares one queue. Messages of one session are handled one at a time.

    Args:
        in_order: also across processes, which lets one of them work at a time, the others standing by.
    """

    def __init__(self, transport: Transport[Envelope], agents: Iterable[BaseAgent], *, in_order: bool = True) -> None:
        self._transport = transport
        self._agents = tuple(agents)
        self._in_order = in_order
        self._listening: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for agent in self._agents:
            if agent.messages:
                self._listening.append(await self._listen(agent))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await stop(*self._listening)

    async def send(self, agent: BaseAgent, message: BaseMessage, direction: str, session_id: str) -> None:
        """Publish what an agent says.

        Raises:
            InvalidAgentError: the agent has not declared that it says such messages.
            InvalidChannelFormat: direction or session cannot be part of a channel.
            NoAgentFoundError: no agent in any process has ever listened to such messages.
            TransportError: it was not taken.
        """
        kind = type(message).__name__
        if not agent.validate_outgoing_message(message):
            raise InvalidAgentError(type(agent).__name__, "sending_messages", f"Add {kind} to it before sending one.")
        try:
            await self._transport.publish(Envelope.to(direction, session_id, message), required=True)
        except UnroutableError:
            raise NoAgentFoundError(kind) from None

    async def _listen(self, agent: BaseAgent) -> asyncio.Task[None]:
        async def listen(ready: asyncio.Event) -> None:
            async with self._transport.consume(self._queue_of(agent)) as deliveries:
                ready.set()
                await Worker(handle, lambda envelope: envelope.context["session_id"]).run(deliveries)

        async def handle(envelope: Envelope) -> None:
            await _hand(agent, envelope)

        return await start(listen, f"agent {type(agent).__name__}")

    def _queue_of(self, agent: BaseAgent) -> WorkQueue:
        patterns = tuple(each.get_channel_pattern().topics() for each in agent.messages)
        return WorkQueue(f"agent.{type(agent).__name__}", patterns, one_consumer=self._in_order)


async def _hand(agent: BaseAgent, envelope: Envelope) -> None:
    if not agent.validate_incoming_message(envelope.message):
        raise NoAgentFoundError(type(envelope.message).__name__)
    parts = envelope.context
    answer = agent.handle_message(
        envelope.message, {"direction": parts["direction"], "session_id": parts["session_id"]}
    )
    if answer is not None:
        await answer
