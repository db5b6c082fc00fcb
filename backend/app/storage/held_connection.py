"""One connection that is kept between transactions, and made anew after it was given up."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.storage.failures import store_failures

Result = TypeVar("Result")


class HeldConnection:
    """Holds what `connect` opened.

    Args:
        connect: opens the connection.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._connection: Connection | None = None

    def get(self) -> Connection:
        """Return the connection, opening it where there is none.

        Raises:
            StoreUnavailableError, RecordCorruptError: there is no connection to be had.
        """
        if self._connection is None:
            with store_failures():
                self._connection = self._connect()
        return self._connection

    def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in a transaction of its own; a connection that is left in the middle of one is given up."""
        connection = self.get()
        try:
            with store_failures(), connection.begin():
                return work(connection)
        except BaseException:
            if connection.in_transaction() or connection.invalidated:
                self.give_up()
            raise

    def give_up(self) -> None:
        """Close the connection, whatever state it is in; the next `get` opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except DBAPIError:
                connection.invalidate()
