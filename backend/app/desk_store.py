"""Chooses where a desk keeps its record: a database server, or a file of its own."""

from typing import TYPE_CHECKING

from app.config import Settings
from app.messaging.errands import decision_letter
from app.ports.decision_store import DecisionStore
from app.work_sharing import is_shared

if TYPE_CHECKING:
    from app.storage.session import Database


def build_store(settings: Settings) -> DecisionStore:
    """Return the store on the database server that the settings name, else the embedded one in their folder.

    Raises:
        InvalidInputError: POSTGRES_URL is no address of a PostgreSQL database.
    """
    return store_on(build_database(settings), settings)


def store_on(database: "Database", settings: Settings) -> DecisionStore:
    """Return the store on this database; where workers share the work, a decision leaves a letter to all of them."""
    from app.storage.repositories.decisions import SqlDecisionStore

    return SqlDecisionStore(database, decision_letter if is_shared(settings) else None)


def build_database(settings: Settings) -> "Database":
    """Return the database of the store, which is not touched yet; raises as `build_store` does."""
    if settings.postgres_url is not None:
        from app.storage.server_database import ServerDatabase

        url = settings.postgres_url.get_secret_value()
        return ServerDatabase(url, settings.database_pool, settings.database_timeout_seconds)
    from app.storage.embedded_database import EmbeddedDatabase

    return EmbeddedDatabase(settings.store_path)
