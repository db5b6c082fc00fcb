"""Which message classes a process knows, and reading bodies as them."""

from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError

from app.messaging.errors import MessageClassNotRegistered, MessageValidationError
from app.messaging.messages import RECEIVED, BaseMessage

_SHOWN_FINDINGS: Final = 5


class MessageRegistry:
    """Message classes by name.

    Args:
        classes: each name once; the same class may come twice.

    Raises:
        ValueError: two classes have one name.
    """

    def __init__(self, classes: Iterable[type[BaseMessage]]) -> None:
        self._classes: dict[str, type[BaseMessage]] = {}
        for each in classes:
            if self._classes.setdefault(each.__name__, each) is not each:
                raise ValueError(f"Two message classes are called {each.__name__}; rename one.")

    @property
    def names(self) -> tuple[str, ...]:
        """The known names, sorted."""
        return tuple(sorted(self._classes))

    def read(self, class_name: str | None, body: bytes) -> BaseMessage:
        """Return the message that `body` holds; fields of a newer version are kept.

        Raises:
            MessageClassNotRegistered: the class is not known here.
            MessageValidationError: the body does not fit the class.
        """
        found = self._classes.get(class_name or "")
        if found is None:
            raise MessageClassNotRegistered(class_name, self.names)
        try:
            return found.model_validate_json(body, context=RECEIVED)
        except ValidationError as error:
            raise MessageValidationError(found.__name__, _findings(error)) from None


def _findings(error: ValidationError) -> list[str]:
    """Where and what kind of mistake: pydantic's own words may quote the body."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [f"{'.'.join(map(str, each['loc'])) or 'body'} {each['type']}" for each in details[:_SHOWN_FINDINGS]]
