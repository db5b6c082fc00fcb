import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from app.domain.errors import RecordCorruptError, StoreUnavailableError
from app.storage.failures import store_failures


def driver_error(code: int | None) -> OperationalError:
    cause = sqlite3.OperationalError("text of the driver")
    if code is not None:
        cause.sqlite_errorcode = code
    return OperationalError("SELECT secret", {}, cause)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, StoreUnavailableError, "disk of the store is full; free space"),
        (sqlite3.SQLITE_BUSY, StoreUnavailableError, "Another process holds the store"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailableError, "Another process holds the store"),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailableError, "input/output error"),
        (sqlite3.SQLITE_READONLY, StoreUnavailableError, "read-only"),
        (sqlite3.SQLITE_CANTOPEN, StoreUnavailableError, "cannot be opened"),
        (sqlite3.SQLITE_NOTADB, RecordCorruptError, "not a Conclave store"),
        (sqlite3.SQLITE_CORRUPT, RecordCorruptError, "damaged"),
        (None, StoreUnavailableError, "refused the request"),
    ],
)
def test_each_failure_of_the_database_says_what_to_do(code, kind, words):
    with pytest.raises(kind, match=words) as failure, store_failures():
        raise driver_error(code)

    assert "secret" not in str(failure.value)


def test_a_server_that_does_not_answer_is_unavailable():
    with (
        pytest.raises(StoreUnavailableError, match=r"Connection refused\); check its folder"),
        store_failures(),
    ):
        raise ConnectionRefusedError(111, "Connection refused")


def test_a_place_that_is_taken_can_be_asked_for_again():
    with pytest.raises(StoreUnavailableError, match="try again"), store_failures():
        raise IntegrityError("INSERT", {}, sqlite3.IntegrityError("unique"))


def test_a_wrong_statement_is_left_as_it_is():
    with pytest.raises(ProgrammingError), store_failures():
        raise ProgrammingError("SELECT ?", {}, sqlite3.ProgrammingError("bindings"))
