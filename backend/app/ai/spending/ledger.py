"""What models may cost: by decision and by day, whoever asks them."""

import asyncio
from typing import Final

import structlog

from app.ai.resilience.attempts import NotAskedError
from app.domain.errors import StoreError
from app.domain.identifiers import new_id
from app.domain.spending import Account, Limits, Reservation, Spend
from app.ports.books import Books
from app.ports.clock import Clock

log = structlog.get_logger(__name__)

SETTLE_WITHIN_S: Final = 1.0
"""How long an answer waits for its cost to be entered, which goes on without it."""

UNREACHABLE: Final = "The books of what models cost cannot be reached, and no model is asked without them."


class Held:
    """Money, tokens and time set aside for one request; they count in full until they are settled or released."""

    def __init__(self, ledger: "Ledger", reservation_id: str) -> None:
        self._ledger = ledger
        self._id = reservation_id

    async def settle(self, actual: Spend) -> None:
        """Replace the reservation by what it came to; where that has no price, the estimated one stands."""
        await self._ledger.settle(self._id, actual)

    async def release(self) -> None:
        """Give it back: nothing was spent."""
        await self.settle(Spend())


class Ledger:
    """Asks the books of all providers for room; a day is a day of UTC.

    No call can make another overstep a limit as long as nobody spends more than was reserved, in this process or in
    another on the same store. What is settled after midnight belongs to the day on which it was reserved.
    """

    def __init__(self, books: Books, per_decision: Limits, per_day: Limits, clock: Clock) -> None:
        self._books = books
        self._per_decision = per_decision
        self._per_day = per_day
        self._clock = clock
        self._today = clock.now().date()
        self._settling: set[asyncio.Task[None]] = set()

    async def reserve(self, decision_id: str, need: Spend, within_s: float) -> Held:
        """Set aside what a request may cost at most.

        Args:
            need: dollars are None when the price is not known, and 0 where nobody is paid.
            within_s: how long the books may take.

        Raises:
            ProviderError: `budget_spent`, and the message names the limit; `unreachable` when the books are.
        """
        reservation = self._reservation(decision_id, need)
        try:
            async with asyncio.timeout(within_s):
                lack = await self._books.reserve(reservation)
        except (StoreError, TimeoutError) as error:
            self._begin_to_settle(reservation.id, Spend())
            raise NotAskedError("unreachable", UNREACHABLE) from error
        except asyncio.CancelledError:
            self._begin_to_settle(reservation.id, Spend())
            raise
        if lack is not None:
            raise NotAskedError("budget_spent", lack)
        return Held(self, reservation.id)

    async def settle(self, reservation_id: str, actual: Spend) -> None:
        """Enter what a request came to; a caller that is cancelled goes, the entry is made."""
        await asyncio.wait([self._begin_to_settle(reservation_id, actual)], timeout=SETTLE_WITHIN_S)

    async def close(self) -> None:
        """Wait until everything is entered."""
        if self._settling:
            await asyncio.wait(self._settling)

    def _reservation(self, decision_id: str, need: Spend) -> Reservation:
        """A clock that is set back over midnight does not give a second budget."""
        self._today = max(self._today, self._clock.now().date())
        of_day = Account.of_day(self._today, self._per_day)
        return Reservation(new_id(), need, self._today, of_day, Account.of_decision(decision_id, self._per_decision))

    def _begin_to_settle(self, reservation_id: str, actual: Spend) -> asyncio.Task[None]:
        task = asyncio.create_task(self._entered(reservation_id, actual), name=f"settle {reservation_id}")
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return task

    async def _entered(self, reservation_id: str, actual: Spend) -> None:
        try:
            await self._books.settle(reservation_id, actual)
        except StoreError as error:
            log.warning("cost not entered, the most it may be stands", error=error.public)
