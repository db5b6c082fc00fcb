"""`conclave migrate`: an older store becomes one this version can use."""

import asyncio
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.config import Settings


@click.command()
def migrate() -> None:
    """Bring the store to the shape this version needs, keeping what is in it, and say what was done.

    The store is the one in CONCLAVE_HOME, or the database of POSTGRES_URL where that is set. An empty one gets its
    tables, an up-to-date one stays as it is. Several of these may be started at once: one works, the others wait.
    """
    from app.cli.desk import quiet_settings
    from app.desk_store import build_store
    from app.storage.migrate import upgrade

    settings = quiet_settings()
    build_store(settings)  # refuses an address that is none before anything is looked at
    target = settings.postgres_url.get_secret_value() if settings.postgres_url else settings.store_path
    before = asyncio.run(upgrade(target))
    click.echo(_told(_shown(settings), before))


def _shown(settings: "Settings") -> str:
    if settings.postgres_url is None:
        return str(settings.store_path)
    from app.storage.server_address import ServerAddress

    return ServerAddress.parse(settings.postgres_url.get_secret_value()).shown


def _told(store: str, before: str | None) -> str:
    from app.storage.schema import HEAD, REVISIONS

    if before is None:
        return f"The store {store} was empty; it has its tables now (schema {HEAD})."
    if before == HEAD:
        return f"The store {store} is up to date (schema {HEAD})."
    steps = ", ".join(REVISIONS[REVISIONS.index(before) + 1 :])
    return f"The store {store} was upgraded from schema {before} to {HEAD} (steps {steps})."
