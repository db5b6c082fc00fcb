"""What went wrong in the database, said in the words of the store."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from app.domain.errors import RecordCorruptError, StoreError, StoreUnavailableError

_PRIMARY_CODE: Final = 0xFF

HELD: Final = "Another process holds the store; let it finish or stop it, then try again."

_UNAVAILABLE: Final = {
    3: "The store may not be accessed; give this user read and write permission on its folder.",
    5: HELD,
    6: HELD,
    8: "The store is read-only; give this user write permission on the file and its folder.",
    10: "The disk of the store reported an input/output error; check the disk, then try again.",
    13: "The disk of the store is full; free space, then try again. Nothing was stored.",
    14: "The store cannot be opened; check that its folder exists and is writable.",
}
_CORRUPT: Final = {
    11: "The store is damaged; restore it from a backup.",
    26: "The file is not a Conclave store; choose another path or restore it from a backup.",
}


OVERTAKEN: Final = "Another writer took the same place in the record first; nothing was stored, try again."
_NOT_TEXT: Final = "Could not decode to UTF-8"


class StoreUnreachableError(StoreUnavailableError):
    """The database itself is away or held by another process, whoever's unit of work it was."""


@contextmanager
def store_failures() -> Iterator[None]:
    """Raise the errors of a database as errors of the store; a wrong statement passes through as it is.

    Raises:
        StoreUnavailableError: disk full, locked, not writable, or another writer came first.
        RecordCorruptError: the file is damaged or no database.
    """
    try:
        yield
    except ProgrammingError:
        raise
    except IntegrityError as error:
        raise StoreUnavailableError(OVERTAKEN) from error
    except DBAPIError as error:
        raise as_store_error(error.orig) from error
    except sqlite3.OperationalError as error:
        raise as_store_error(error) from error
    except OSError as error:
        raise StoreUnavailableError(
            f"The store cannot be reached ({error.strerror or 'no connection'}); check its folder (CONCLAVE_HOME)."
        ) from error


@contextmanager
def damage_told(what: str) -> Iterator[None]:
    """Raise as RecordCorruptError that something stored cannot be read.

    Args:
        what: names it, at the beginning of a sentence.
    """
    try:
        yield
    except (ValueError, TypeError, OverflowError, zlib.error) as error:
        raise RecordCorruptError(f"{what} is damaged; restore the store from a backup.") from error


def as_store_error(cause: BaseException | None) -> StoreError:
    """Return the store's error for one of the driver."""
    code = getattr(cause, "sqlite_errorcode", None)
    primary = code & _PRIMARY_CODE if isinstance(code, int) else None
    if primary in _CORRUPT:
        return RecordCorruptError(_CORRUPT[primary])
    if primary is None and _NOT_TEXT in str(cause):
        return RecordCorruptError(_CORRUPT[11])
    if primary in _UNAVAILABLE:
        return StoreUnavailableError(_UNAVAILABLE[primary])
    return StoreUnavailableError(
        "The database refused the request; nothing was stored. Run `conclave doctor` to find out why."
    )
