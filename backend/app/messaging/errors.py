"""What can go wrong between agents; the names are those that users' code catches."""

from collections.abc import Iterable

from app.domain.errors import AgentSystemError, TransportError, nameable

CHANNEL_FORMAT = "MessageClass:direction:session_id"


class AgentCommunicationError(AgentSystemError):
    """Agents and their messages do not fit together."""


class InvalidChannelFormat(AgentCommunicationError):  # noqa: N818 - the name is fixed
    """A channel is not spelled as channels are."""

    def __init__(self, channel: object) -> None:
        self.channel = channel
        self.expected_format = CHANNEL_FORMAT
        super().__init__(f"{nameable(channel)} is no channel. {self._advice}")

    @property
    def public(self) -> str:
        return f"This is no channel. {self._advice}"

    @property
    def _advice(self) -> str:
        return f"Expected {CHANNEL_FORMAT}, at most 255 bytes: build it with YourMessage.get_channel_pattern()."


class MessageClassNotRegistered(AgentCommunicationError):  # noqa: N818 - the name is fixed
    """A message of a class that nobody here has declared."""

    def __init__(self, class_name: object, available_classes: Iterable[str] = ()) -> None:
        self.class_name = class_name
        self.available_classes = tuple(available_classes)
        super().__init__(f"No message class {nameable(class_name)} is registered. {self._advice}")

    @property
    def public(self) -> str:
        return f"This message class is not registered. {self._advice}"

    @property
    def _advice(self) -> str:
        known = ", ".join(self.available_classes) or "none yet"
        return f"Known: {known}. Add it to the `messages` or `sending_messages` of an agent, or update this process."


class MessageValidationError(AgentCommunicationError):
    """The body of a message does not fit its class; `findings` says where and what kind, never what was sent."""

    def __init__(self, class_name: str, findings: Iterable[str]) -> None:
        self.class_name = class_name
        self.findings = tuple(findings)
        listed = "; ".join(self.findings)
        super().__init__(f"The body is no {class_name}: {listed}. Send it as that class writes it.")


class NoAgentFoundError(AgentCommunicationError):
    """No agent takes messages of this class."""

    def __init__(self, message_type: str) -> None:
        self.message_type = message_type
        super().__init__(f"No agent takes {message_type}. Register one that lists it in its `messages`.")


class InvalidAgentError(AgentCommunicationError):
    """An agent's declarations cannot work."""

    def __init__(self, agent_class: str, missing_attribute: str, suggestion: str) -> None:
        self.agent_class = agent_class
        self.missing_attribute = missing_attribute
        self.suggestion = suggestion
        super().__init__(f"{agent_class}.{missing_attribute} cannot work. {suggestion}")


class TransportUnavailableError(TransportError):
    """The broker cannot be reached or takes nothing at present; publishing again later is safe."""


class UnroutableError(TransportError):
    """No queue takes this message, so nobody would ever handle it."""


class QueueFullError(TransportError):
    """A queue holds as much as it may; publish again when its consumers have caught up."""


class MessageRefusedError(TransportError):
    """The message itself cannot be sent: it is too large, or its topic is too long, or it is not JSON-like."""


class NoReplyError(TransportError):
    """No answer came in time; the request may still be handled."""


class DeliveryLostError(TransportError):
    """The connection that brought a message is gone: what was done stands, and the message comes again."""


class QueueSettingsError(TransportError):
    """A queue of that name exists with other settings."""
