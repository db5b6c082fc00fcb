"""`conclave migrate`: an older store becomes one this version can use."""

import asyncio

import click


@click.command()
def migrate() -> None:
    """Bring the store in CONCLAVE_HOME to the shape this version needs, keeping what is in it.

    An up-to-date store stays as it is.
    """
    from app.cli.desk import quiet_settings
    from app.composition import build_store
    from app.storage.migrate import upgrade

    settings = quiet_settings()
    build_store(settings)  # refuses settings that ask for a store this version does not have
    asyncio.run(upgrade(settings.store_path))
    click.echo(f"The store {settings.store_path} is up to date.")
