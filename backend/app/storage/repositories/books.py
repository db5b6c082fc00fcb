"""The books of what models cost in a database."""

from app.domain.spending import Reservation, Spend
from app.storage import book_rows
from app.storage.session import Database


class SqlBooks:
    """Keeps the books beside the decisions, for every process on the same database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, reservation: Reservation) -> str | None:
        """Enter a reservation, or return in words which account has no room."""
        return await self._database.write(
            lambda connection: book_rows.reserve(connection, reservation),
            stands=lambda connection, lack: None if lack else book_rows.is_held(connection, reservation.id),
        )

    async def settle(self, reservation_id: str, actual: Spend) -> None:
        """Put what a request came to in place of its reservation."""
        await self._database.write(
            lambda connection: book_rows.settle(connection, reservation_id, actual),
            stands=lambda connection, _: not book_rows.is_held(connection, reservation_id),
        )

    async def spent(self, account: str) -> Spend:
        """Return what is entered in an account, reservations in full."""
        return await self._database.find(lambda connection: book_rows.spent(connection, account))
