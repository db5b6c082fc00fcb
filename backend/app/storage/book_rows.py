"""The books of what models cost, as rows: what each account came to, and what is set aside in it."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from app.domain.spending import DAYS_KEPT, Reservation, Spend
from app.storage.model_rows import spent_since
from app.storage.prepared import insert_if_free, insert_missing, insert_rows
from app.storage.tables import budgets, reservations

_NANO: Final = Decimal(10) ** 9
_MICRO: Final = 1_000_000

Amount = tuple[int, int, int]


def reserve(connection: Connection, reservation: Reservation) -> str | None:
    """Enter a reservation in all its accounts, or in none; see `Books.reserve`."""
    _open(connection, reservation)
    for account in reservation.accounts:
        lack = account.lack(spent(connection, account.name), reservation.need)
        if lack is not None:
            return lack
    day, need = reservation.day.toordinal(), _amount(reservation.need)
    insert_rows(connection, reservations, [(reservation.id, each.name, day, *need) for each in reservation.accounts])
    for account in reservation.accounts:
        _add(connection, account.name, need)
    return None


def settle(connection: Connection, reservation_id: str, actual: Spend) -> None:
    """Put what a request came to in place of its reservation; see `Books.settle`."""
    taking = delete(reservations).where(reservations.c.id == reservation_id).returning(*reservations.c)
    for row in connection.execute(taking).all():
        held = _spend(row)
        _add(connection, row.account, _amount(actual.in_place_of(held) - held))


def is_held(connection: Connection, reservation_id: str) -> bool:
    """Whether a reservation is entered and not settled."""
    query = select(reservations.c.id).where(reservations.c.id == reservation_id).limit(1)
    return connection.execute(query).first() is not None


def spent(connection: Connection, account: str) -> Spend:
    """Return what is entered in an account."""
    row = connection.execute(select(budgets).where(budgets.c.account == account)).first()
    return Spend() if row is None else _spend(row)


def _open(connection: Connection, reservation: Reservation) -> None:
    """Open the accounts that are new; a day begins with what it has cost already, and closes the books of the past."""
    day = reservation.day.toordinal()
    if insert_if_free(connection, budgets, (reservation.of_day.name, day, 0, 0, 0)):
        _add(connection, reservation.of_day.name, _amount(spent_since(connection, reservation.midnight)))
        for table in (budgets, reservations):
            connection.execute(delete(table).where(table.c.day <= day - DAYS_KEPT))
    insert_missing(connection, budgets, [(reservation.of_decision.name, day, 0, 0, 0)])


def _add(connection: Connection, account: str, amount: Amount) -> None:
    tokens, nanodollars, microseconds = amount
    connection.execute(
        update(budgets)
        .where(budgets.c.account == account)
        .values(
            tokens=budgets.c.tokens + tokens,
            nanodollars=budgets.c.nanodollars + nanodollars,
            microseconds=budgets.c.microseconds + microseconds,
        )
    )


def _amount(spend: Spend) -> Amount:
    return spend.tokens, round((spend.dollars or 0) * _NANO), round(spend.seconds * _MICRO)


def _spend(row: Row[Any]) -> Spend:
    return Spend(row.tokens, Decimal(row.nanodollars) / _NANO, row.microseconds / _MICRO)
