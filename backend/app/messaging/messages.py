"""What agents say to one another: frozen, versioned, each with its place in a conversation."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationInfo, model_validator

from app.domain.identifiers import new_id
from app.domain.times import as_utc
from app.messaging.channels import ChannelPattern

RECEIVED: Final = "received"
"""Validation context of what came from elsewhere: fields that a newer version added are kept."""

Id = Annotated[str, Field(min_length=1, max_length=128)]
Instant = Annotated[AwareDatetime, AfterValidator(as_utc)]


def _now() -> datetime:
    return datetime.now(UTC)


class BaseMessage(BaseModel, frozen=True, extra="allow"):
    """A typed message; subclasses add fields. What this version does not know is carried along, not lost.

    Args:
        schema_version: of the class that wrote it, from 1.
        message_id: UUIDv7; the same however often the message is sent.
        correlation_id: of the conversation; a first message begins one under its own id.
        causation_id: of the message that this one answers or follows.
        timestamp: when it was made, UTC.
    """

    schema_version: Annotated[int, Field(ge=1)] = 1
    message_id: Id = Field(default_factory=new_id)
    correlation_id: Id = Field(default_factory=lambda fields: fields.get("message_id", ""))
    causation_id: Id | None = None
    timestamp: Instant = Field(default_factory=_now)

    @classmethod
    def get_channel_pattern(cls) -> ChannelPattern:
        """Return what builds this class's channels: `pattern(direction, session_id)`."""
        return ChannelPattern(cls.__name__)

    @classmethod
    def following(cls, cause: "BaseMessage", **fields: Any) -> Self:
        """Return a message of the same conversation that `cause` led to."""
        return cls(correlation_id=cause.correlation_id, causation_id=cause.message_id, **fields)

    @model_validator(mode="after")
    def _has_only_known_fields(self, info: ValidationInfo) -> Self:
        """Refuse a misspelled field in code; see RECEIVED for what comes from elsewhere."""
        if self.__pydantic_extra__ and info.context != RECEIVED:
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"{type(self).__name__} has no such field; it has {known}")
        return self
