"""What models may cost, and have cost: by decision and by day."""

from collections import OrderedDict
from typing import Final

from app.ai.spending.account import Account
from app.ai.spending.limits import Limits
from app.domain.spending import Spend
from app.ports.clock import Clock

# Far more than are ever made at once; one that was never closed goes when so many came after it.
MOST_DECISIONS: Final = 10_000


class Reservation:
    """Money, tokens and time set aside for one request; it counts in full until it is settled or released."""

    __slots__ = ("_accounts", "_estimate", "_is_open")

    def __init__(self, accounts: tuple[Account, Account], estimate: Spend) -> None:
        self._accounts = accounts
        self._estimate = estimate
        self._is_open = True

    def settle(self, actual: Spend) -> None:
        """Replace the reservation by what it came to; where that has no price, the estimated one stands."""
        dollars = self._estimate.dollars if actual.dollars is None else actual.dollars
        self._close(Spend(actual.tokens, dollars, actual.seconds))

    def release(self) -> None:
        """Give it back: nothing was spent."""
        self._close(Spend())

    def _close(self, spent: Spend) -> None:
        if self._is_open:
            self._is_open = False
            for account in self._accounts:
                account.let_go(self._estimate)
                account.add(spent)


class Ledger:
    """Keeps the books of all providers; a day is a day of UTC.

    No call can make another overstep a limit as long as nobody spends more than was reserved. What is settled after
    midnight belongs to the day on which it was reserved.
    """

    def __init__(self, per_decision: Limits, per_day: Limits, clock: Clock) -> None:
        self._per_decision = per_decision
        self._per_day = per_day
        self._clock = clock
        self._decisions: OrderedDict[str, Account] = OrderedDict()
        self._day = clock.now().date()
        self._today = self._new_day()

    def reserve(self, decision_id: str, estimate: Spend) -> Reservation:
        """Set aside what a request may cost at most.

        Args:
            estimate: dollars are None when the price is not known, and 0 where nobody is paid.

        Raises:
            ProviderError: `budget_spent`; the message names the limit.
        """
        accounts = self._of(decision_id), self._of_today()
        for account in accounts:
            account.check(estimate)
        for account in accounts:
            account.hold(estimate)
        return Reservation(accounts, estimate)

    def begin_day(self, spent: Spend) -> None:
        """Enter what had been spent today before this process started."""
        self._of_today().add(spent)

    def spent_today(self) -> Spend:
        """Return what was spent since midnight, UTC."""
        return self._of_today().spent

    def of_decision(self, decision_id: str) -> Spend:
        """Return what a decision has cost so far; nothing for one that is not known or closed."""
        account = self._decisions.get(decision_id)
        return Spend() if account is None else account.spent

    def close(self, decision_id: str) -> None:
        """Forget a decision that is made."""
        self._decisions.pop(decision_id, None)

    def _of(self, decision_id: str) -> Account:
        account = self._decisions.get(decision_id)
        if account is None:
            account = self._decisions[decision_id] = Account(self._per_decision, "this decision")
            if len(self._decisions) > MOST_DECISIONS:
                self._decisions.popitem(last=False)
        else:
            self._decisions.move_to_end(decision_id)
        return account

    def _of_today(self) -> Account:
        """Open a new account when a day begins; a clock that is set back does not wipe the old one out."""
        today = self._clock.now().date()
        if today > self._day:
            self._day, self._today = today, self._new_day()
        return self._today

    def _new_day(self) -> Account:
        return Account(self._per_day, "today")
