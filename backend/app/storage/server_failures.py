"""What went wrong with a database server, said in the words of the store."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Final

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy.exc import DBAPIError, InternalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.domain.errors import RecordCorruptError, StoreError, StoreUnavailableError
from app.storage.failures import OVERTAKEN, StoreUnreachableError

TOO_LONG: Final = "57014"
READ_ONLY: Final = "The database is read-only, as a standby is; name the primary server in POSTGRES_URL."

_GONE: Final = "The database server was stopped or cut the connection; nothing was stored, try again."
_STARTING: Final = "The database server is starting or stopping; try again in a moment."
_FULL_HOUSE: Final = (
    "The database server has no connection left; lower CONCLAVE_DATABASE_POOL or raise its max_connections."
)
_ALTERED: Final = "The tables of the store are not as Conclave made them; run `conclave migrate` or restore a backup."
_DAMAGED: Final = "The database server reports damaged data; restore the store from a backup."
REFUSED: Final = "The database refused the request; nothing was stored. Run `conclave doctor` to find out why."
_ALL_BUSY: Final = "All connections to the database are busy; raise CONCLAVE_DATABASE_POOL, or ask again in a moment."

_AWAY: Final = {
    "08": _GONE,
    "25P03": _GONE,
    "57P01": _GONE,
    "57P02": _GONE,
    "57P03": _STARTING,
    "53300": _FULL_HOUSE,
}
_UNAVAILABLE: Final = {
    "08P01": "The server or the pooler before it does not take our settings; connect directly or pool by session.",
    "0A000": "The tables of the store were changed under way; nothing was stored, try again.",
    "23": OVERTAKEN,
    "25006": READ_ONLY,
    "28": "The database server refuses this user or password; correct POSTGRES_URL.",
    "3D000": "The server has no database of that name; create it (createdb) or correct POSTGRES_URL.",
    "40": OVERTAKEN,
    "42501": "This user may not do that in the database; grant it the tables, or run `conclave migrate` as owner.",
    "42703": _ALTERED,
    "42P01": _ALTERED,
    "53": "The database server is short of memory or other means; nothing was stored, try again.",
    "53100": "The disk of the database server is full; free space, then try again. Nothing was stored.",
    TOO_LONG: "The database took longer than CONCLAVE_DATABASE_TIMEOUT_SECONDS; nothing was stored, try again.",
}


class ServerAwayError(StoreUnreachableError):
    """The server cannot be reached or has cut the connection; it may be back in a moment."""


_KNOWN: Final[dict[str, StoreError]] = {
    **{code: ServerAwayError(message) for code, message in _AWAY.items()},
    **{code: StoreUnavailableError(message) for code, message in _UNAVAILABLE.items()},
    **{code: RecordCorruptError(_DAMAGED) for code in ("XX001", "XX002")},
}
"""The errors of the store by PostgreSQL's code, or by the first two characters of it, which name its class."""


@contextmanager
def server_failures() -> Iterator[None]:
    """Raise the errors of a server and of the way to it as errors of the store.

    Raises:
        ServerAwayError: it is away.
        StoreUnreachableError: it gave no answer in time.
        StoreUnavailableError: it refused; the message says what to do.
        RecordCorruptError: its data are damaged.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreUnavailableError(_ALL_BUSY) from error
    except (DBAPIError, PostgresError, InterfaceError, InternalClientError, OSError) as error:
        raise as_store_error(error) from error


def as_store_error(error: Exception) -> StoreError:
    """Return the store's error for one of the driver or of the network; it repeats nothing of theirs."""
    if isinstance(error, OSError):
        return _of_network(error)
    state = sqlstate(error)
    was_cut = isinstance(error, InterfaceError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    unknown = ServerAwayError(_GONE) if was_cut or is_confused(error) else StoreUnavailableError(REFUSED)
    return copy(_KNOWN.get(state) or _KNOWN.get(state[:2]) or unknown)


def is_confused(error: BaseException) -> bool:
    """Whether the driver has lost track of its connection, as it does after a cut at a bad moment, and stays so."""
    return isinstance(error, InternalClientError) or (isinstance(error, InternalError) and not sqlstate(error))


def _of_network(error: OSError) -> StoreError:
    if isinstance(error, TimeoutError):
        return StoreUnreachableError("The database server gave no answer in time; whoever runs it should look at it.")
    return ServerAwayError(f"The database server cannot be reached ({_why(error)}); start it, or correct POSTGRES_URL.")


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'reason', None) or 'no agreement'}"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or "it broke off the connection, perhaps because of sslmode"


def sqlstate(error: Exception) -> str:
    """Return PostgreSQL's five-character code, or "" where the error has none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) or ""
