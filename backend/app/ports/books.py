"""The books of what models cost."""

from typing import Protocol

from app.domain.spending import Reservation, Spend


class Books(Protocol):
    """Adds up what models cost; whoever shares the store shares the books, and a restart forgets nothing.

    Every method may raise StoreUnavailableError, after which nothing was entered.
    """

    async def reserve(self, reservation: Reservation) -> str | None:
        """Enter a reservation in all its accounts, or in none and return in words which has no room.

        The first of a day finds entered what models have cost on that day already.
        """

    async def settle(self, reservation_id: str, actual: Spend) -> None:
        """Put what a request came to in place of its reservation; without a price, that of the reservation stays.

        A reservation that is settled already, or was never entered, changes nothing. One that nobody settles, such as
        that of a process that died, stays as it is: the vendor may charge for it.
        """

    async def spent(self, account: str) -> Spend:
        """Return what is entered in an account, reservations in full; nothing for one that is not known."""
