"""Agents that talk in typed messages and say beforehand which."""

import inspect
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar

from app.messaging.errors import InvalidAgentError
from app.messaging.messages import BaseMessage

Declaration = Sequence[type[BaseMessage]]


class BaseAgent:
    """Takes messages of the classes in `messages`, says those in `sending_messages`.

    Both are checked when the class is written, so that a mistake is found before anything runs; a base of several
    agents that declares nothing yet says so: `class Desk(BaseAgent, abstract=True)`.

    Raises:
        InvalidAgentError: when a subclass is made whose declarations cannot work.
    """

    messages: ClassVar[Declaration]
    sending_messages: ClassVar[Declaration] = ()

    def __init_subclass__(cls, *, abstract: bool = False, **others: Any) -> None:
        super().__init_subclass__(**others)
        if not abstract:
            _check_declaration(cls, "messages")
            _check_declaration(cls, "sending_messages")
            _check_handler(cls)

    def handle_message(self, message: BaseMessage, context: Mapping[str, str]) -> Awaitable[None] | None:
        """Act on a message; may be a coroutine function. What is raised makes the message come again.

        Args:
            context: `direction` and `session_id` of its channel.
        """
        raise NotImplementedError

    def validate_incoming_message(self, message: BaseMessage) -> bool:
        """Whether this agent takes messages of exactly this class."""
        return type(message) in self.messages

    def validate_outgoing_message(self, message: BaseMessage) -> bool:
        """Whether this agent has declared that it says messages of exactly this class."""
        return type(message) in self.sending_messages


def _check_declaration(agent: type[BaseAgent], name: str) -> None:
    declared = getattr(agent, name, None)
    is_list = isinstance(declared, Sequence) and not isinstance(declared, str)
    if not is_list or not all(isinstance(each, type) and issubclass(each, BaseMessage) for each in declared or ()):
        raise InvalidAgentError(agent.__name__, name, f"Write `{name} = [YourMessage]`: subclasses of BaseMessage.")


def _check_handler(agent: type[BaseAgent]) -> None:
    advice = "Write `def handle_message(self, message, context)`, or `async def`."
    if agent.handle_message is BaseAgent.handle_message:
        raise InvalidAgentError(agent.__name__, "handle_message", advice)
    try:
        inspect.signature(agent.handle_message).bind(None, None, None)
    except TypeError:
        raise InvalidAgentError(agent.__name__, "handle_message", advice) from None
