"""What has been spent and what is reserved, under one set of limits."""

from decimal import Decimal
from typing import Final

from app.ai.resilience.attempts import NotAskedError
from app.ai.spending.limits import Limits
from app.domain.spending import Spend

_NOTHING: Final = Decimal(0)


class Account:
    """The books of one decision or of one day.

    Args:
        whose: in words, such as `this decision`.
    """

    __slots__ = ("_held", "_limits", "_whose", "spent")

    def __init__(self, limits: Limits, whose: str) -> None:
        self._limits = limits
        self._whose = whose
        self._held = Spend()
        self.spent = Spend()

    def check(self, need: Spend) -> None:
        """Do nothing when there is room for `need` beside all that is spent and reserved.

        Raises:
            NotAskedError: there is not; what is not needed cannot be lacking.
        """
        limits, spent, held = self._limits, self.spent, self._held
        if limits.tokens is not None and need.tokens > 0:
            self._require(spent.tokens + held.tokens + need.tokens <= limits.tokens, f"{limits.tokens:,.0f} tokens")
        if limits.seconds is not None and need.seconds > 0:
            self._require(spent.seconds + held.seconds + need.seconds <= limits.seconds, f"{limits.seconds:g} seconds")
        if limits.dollars is not None:
            self._check_dollars(need.dollars, limits.dollars)

    def hold(self, need: Spend) -> None:
        """Reserve; the price of `need` may be unknown."""
        self._held = plus(self._held, need)

    def let_go(self, need: Spend) -> None:
        """Take a reservation back."""
        minus = Spend(-need.tokens, -(need.dollars or _NOTHING), -need.seconds)
        self._held = plus(self._held, minus)

    def add(self, spent: Spend) -> None:
        """Enter what was spent; a price that is not known adds nothing."""
        self.spent = plus(self.spent, spent)

    def _check_dollars(self, need: Decimal | None, limit: Decimal) -> None:
        if need is None:
            raise NotAskedError("budget_spent", f"The model's price is unknown, and {self._whose} has a dollar limit.")
        taken = (self.spent.dollars or _NOTHING) + (self._held.dollars or _NOTHING)
        self._require(need <= 0 or taken + need <= limit, f"{limit} dollars")

    def _require(self, has_room: bool, limit: str) -> None:
        if not has_room:
            raise NotAskedError("budget_spent", f"The budget of {self._whose}, {limit}, leaves no room for a request.")


def plus(one: Spend, other: Spend) -> Spend:
    """Return the sum; dollars that are not known add nothing."""
    dollars = (one.dollars or _NOTHING) + (other.dollars or _NOTHING)
    return Spend(one.tokens + other.tokens, dollars, one.seconds + other.seconds)
