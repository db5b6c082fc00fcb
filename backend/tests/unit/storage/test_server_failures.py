import socket
import ssl

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, InternalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.domain.errors import RecordCorruptError, StoreUnavailableError
from app.storage.failures import StoreUnreachableError
from app.storage.server_failures import ServerAwayError, server_failures

DRIVER = asyncpg.exceptions


def told(error):
    with pytest.raises(Exception) as caught, server_failures():
        raise error
    assert "canary" not in str(caught.value)
    return type(caught.value), str(caught.value)


def test_a_driver_that_lost_track_of_its_connection_is_a_server_that_went_away():
    confused = asyncpg.InternalClientError("canary: another operation is in progress")
    for raised in (confused, InternalError("SELECT 'canary'", {}, confused)):
        assert told(raised)[0] is ServerAwayError


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (DRIVER.ConnectionDoesNotExistError, ServerAwayError, "cut the connection"),
        (DRIVER.AdminShutdownError, ServerAwayError, "was stopped"),
        (DRIVER.CrashShutdownError, ServerAwayError, "was stopped"),
        (DRIVER.CannotConnectNowError, ServerAwayError, "starting or stopping"),
        (DRIVER.IdleInTransactionSessionTimeoutError, ServerAwayError, "cut the connection"),
        (DRIVER.TooManyConnectionsError, ServerAwayError, "lower CONCLAVE_DATABASE_POOL"),
        (DRIVER.InvalidPasswordError, StoreUnavailableError, "correct POSTGRES_URL"),
        (DRIVER.InvalidCatalogNameError, StoreUnavailableError, "create it"),
        (DRIVER.QueryCanceledError, StoreUnavailableError, "CONCLAVE_DATABASE_TIMEOUT_SECONDS"),
        (DRIVER.DiskFullError, StoreUnavailableError, "free space"),
        (DRIVER.OutOfMemoryError, StoreUnavailableError, "short of memory"),
        (DRIVER.ReadOnlySQLTransactionError, StoreUnavailableError, "primary server"),
        (DRIVER.InsufficientPrivilegeError, StoreUnavailableError, "grant it the tables"),
        (DRIVER.UndefinedTableError, StoreUnavailableError, "conclave migrate"),
        (DRIVER.UndefinedColumnError, StoreUnavailableError, "conclave migrate"),
        (DRIVER.UniqueViolationError, StoreUnavailableError, "try again"),
        (DRIVER.SerializationError, StoreUnavailableError, "try again"),
        (DRIVER.DeadlockDetectedError, StoreUnavailableError, "try again"),
        (DRIVER.InvalidCachedStatementError, StoreUnavailableError, "changed under way"),
        (DRIVER.ProtocolViolationError, StoreUnavailableError, "pool by session"),
        (DRIVER.DataCorruptedError, RecordCorruptError, "from a backup"),
        (DRIVER.DivisionByZeroError, StoreUnavailableError, "conclave doctor"),
    ],
)
def test_each_failure_of_the_server_says_what_to_do(error, kind, words):
    for raised in (error("canary"), DBAPIError("SELECT 'canary'", {}, error("canary"))):
        found, text = told(raised)
        assert found is kind
        assert words in text


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ConnectionRefusedError(111, "canary"), ServerAwayError, "(Connection refused)"),
        (ConnectionResetError(104, "canary"), ServerAwayError, "(Connection reset by peer)"),
        (socket.gaierror(-2, "Name or service not known"), ServerAwayError, "(Name or service not known)"),
        (ConnectionError("the canary rejected SSL upgrade"), ServerAwayError, "sslmode"),
        (ssl.SSLCertVerificationError(1, "canary"), ServerAwayError, "TLS"),
        (TimeoutError(), StoreUnreachableError, "no answer in time"),
        (PoolTimeoutError("canary"), StoreUnavailableError, "raise CONCLAVE_DATABASE_POOL"),
    ],
)
def test_each_failure_on_the_way_to_the_server_says_what_to_do(error, kind, words):
    found, text = told(error)
    assert found is kind
    assert words in text


@pytest.mark.parametrize(
    "dead",
    [
        DBAPIError("SELECT 1", {}, Exception("canary"), connection_invalidated=True),
        DRIVER.InterfaceError("connection is closed: canary"),
    ],
)
def test_a_connection_that_was_found_dead_is_one_the_server_cut(dead):
    assert told(dead)[0] is ServerAwayError


def test_a_mistake_in_a_statement_is_no_outage():
    found, _ = told(ProgrammingError("SELEC", {}, DRIVER.PostgresSyntaxError("canary")))
    assert found is StoreUnavailableError


def test_what_is_not_the_databases_passes_through():
    assert told(ValueError("seal"))[0] is ValueError
