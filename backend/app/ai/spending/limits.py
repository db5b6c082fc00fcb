"""How much may be spent."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Self

from app.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one decision or one day may cost; None does not limit.

    Args:
        tokens: in and out.
        dollars: of billed providers.
        seconds: that models take, side by side or one after the other.

    Raises:
        InvalidInputError: a limit is not positive.
    """

    tokens: float | None = None
    dollars: Decimal | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            limit = getattr(self, each.name)
            if limit is not None and not limit > 0:
                raise InvalidInputError(f"A limit of {each.name} must be positive.")

    @classmethod
    def of(cls, tokens: float | None, dollars: float | None, seconds: float | None) -> Self:
        """Return the limits that settings give as plain numbers."""
        return cls(tokens, None if dollars is None else Decimal(str(dollars)), seconds)
