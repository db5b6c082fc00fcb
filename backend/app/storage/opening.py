"""Which database a path or a URL means."""

from pathlib import Path

from app.storage.session import TIMEOUT_S, Database


def database_at(target: Path | str, timeout_s: float | None = TIMEOUT_S) -> Database:
    """Return the database of a file path, or of the URL of a PostgreSQL server.

    Args:
        timeout_s: how long a server may take for one statement; None is as long as it takes.

    Raises:
        InvalidInputError: the URL is none of PostgreSQL.
    """
    if isinstance(target, str) and "://" in target:
        from app.storage.server_database import ServerDatabase

        return ServerDatabase(target, timeout_s=timeout_s)
    from app.storage.embedded_database import EmbeddedDatabase

    return EmbeddedDatabase(Path(target))
