"""The books of what models cost in memory, gone with the process."""

from app.domain.spending import DAYS_KEPT, Reservation, Spend
from app.ports.decision_store import DecisionStore


class InMemoryBooks:
    """Keeps the books beside the decisions of `store`."""

    def __init__(self, store: DecisionStore) -> None:
        self._store = store
        self._entered: dict[str, Spend] = {}
        self._opened_on: dict[str, int] = {}
        self._held: dict[str, Reservation] = {}

    async def reserve(self, reservation: Reservation) -> str | None:
        """Enter a reservation, or return in words which account has no room."""
        await self._open(reservation)
        for account in reservation.accounts:
            lack = account.lack(self._entered[account.name], reservation.need)
            if lack is not None:
                return lack
        self._held[reservation.id] = reservation
        self._add(reservation, reservation.need)
        return None

    async def settle(self, reservation_id: str, actual: Spend) -> None:
        """Put what a request came to in place of its reservation."""
        held = self._held.pop(reservation_id, None)
        if held is not None:
            self._add(held, actual.in_place_of(held.need) - held.need)

    async def spent(self, account: str) -> Spend:
        """Return what is entered in an account, reservations in full."""
        return self._entered.get(account, Spend())

    def _add(self, reservation: Reservation, amount: Spend) -> None:
        for account in reservation.accounts:
            if account.name in self._entered:
                self._entered[account.name] += amount

    async def _open(self, reservation: Reservation) -> None:
        """Open the accounts that are new; a day begins with what it has cost and closes the books of the past."""
        day, name = reservation.day.toordinal(), reservation.of_day.name
        if name not in self._entered:
            self._forget(day - DAYS_KEPT)
            self._entered[name] = await self._store.spent_since(reservation.midnight)
        self._entered.setdefault(reservation.of_decision.name, Spend())
        for account in reservation.accounts:
            self._opened_on.setdefault(account.name, day)

    def _forget(self, day: int) -> None:
        """Close the books of that day and of those before it."""
        for account in [name for name, opened_on in self._opened_on.items() if opened_on <= day]:
            del self._entered[account], self._opened_on[account]
        for held in [each for each in self._held.values() if each.day.toordinal() <= day]:
            del self._held[held.id]
