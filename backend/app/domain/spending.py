"""What models cost: tokens, money, time, and how much of it somebody may spend."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, Self

from app.domain.errors import InvalidInputError

_NOTHING: Final = Decimal(0)

DAYS_KEPT: Final = 2
"""How many days the books of past days and their decisions are kept."""


@dataclass(frozen=True, slots=True)
class Spend:
    """An amount.

    Args:
        tokens: in and out.
        dollars: None when the price is not known.
        seconds: that models took.
    """

    tokens: int = 0
    dollars: Decimal | None = _NOTHING
    seconds: float = 0.0

    def __add__(self, other: "Spend") -> "Spend":
        """Return the sum; dollars that are not known add nothing."""
        dollars = (self.dollars or _NOTHING) + (other.dollars or _NOTHING)
        return Spend(self.tokens + other.tokens, dollars, self.seconds + other.seconds)

    def __sub__(self, other: "Spend") -> "Spend":
        """Return the difference; dollars that are not known take nothing away."""
        dollars = (self.dollars or _NOTHING) - (other.dollars or _NOTHING)
        return Spend(self.tokens - other.tokens, dollars, self.seconds - other.seconds)

    def in_place_of(self, estimate: "Spend") -> "Spend":
        """Return this as what an estimate came to: where it has no price, the estimated one stands."""
        return self if self.dollars is not None else Spend(self.tokens, estimate.dollars, self.seconds)


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


@dataclass(frozen=True, slots=True)
class Account:
    """Whose spending is added up.

    Args:
        name: unique among all accounts.
        whose: in words, such as `this decision`.
    """

    name: str
    whose: str
    limits: Limits

    @classmethod
    def of_decision(cls, decision_id: str, limits: Limits) -> Self:
        """Return the account of one decision."""
        return cls(f"decision {decision_id}", "this decision", limits)

    @classmethod
    def of_day(cls, day: date, limits: Limits) -> Self:
        """Return the account of a day."""
        return cls(f"day {day.isoformat()}", "today", limits)

    def lack(self, taken: Spend, need: Spend) -> str | None:
        """Say which limit leaves no room for `need` beside what is taken; None where all do.

        What is not needed cannot be lacking.
        """
        limits = self.limits
        if limits.tokens is not None and 0 < need.tokens > limits.tokens - taken.tokens:
            return self._no_room(f"{limits.tokens:,.0f} tokens")
        if limits.seconds is not None and 0 < need.seconds > limits.seconds - taken.seconds:
            return self._no_room(f"{limits.seconds:g} seconds")
        return None if limits.dollars is None else self._lack_of_dollars(limits.dollars, taken, need)

    def _lack_of_dollars(self, limit: Decimal, taken: Spend, need: Spend) -> str | None:
        if need.dollars is None:
            return f"The model's price is unknown, and {self.whose} has a dollar limit."
        return self._no_room(f"{limit} dollars") if 0 < need.dollars > limit - (taken.dollars or _NOTHING) else None

    def _no_room(self, limit: str) -> str:
        return f"The budget of {self.whose}, {limit}, leaves no room for a request."


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is set aside for one request; it counts in full until it is settled.

    Args:
        need: the most that it may cost.
        day: of UTC on which it was reserved, and to which its cost belongs.
        of_day, of_decision: the accounts; both must have room.
    """

    id: str
    need: Spend
    day: date
    of_day: Account
    of_decision: Account

    @property
    def accounts(self) -> tuple[Account, Account]:
        """Every account in which it is entered."""
        return self.of_day, self.of_decision

    @property
    def midnight(self) -> datetime:
        """When its day began."""
        return datetime.combine(self.day, time(), UTC)
