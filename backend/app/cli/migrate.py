"""`conclave migrate`: an older store becomes one this version can use."""

import asyncio

import click


@click.command()
def migrate() -> None:
    """Bring the store to the shape this version needs, keeping what is in it; an up-to-date store stays as it is.

    The store is the one in CONCLAVE_HOME, or the database of POSTGRES_URL.
    """
    from app.cli.desk import quiet_settings
    from app.storage.migrate import upgrade

    settings = quiet_settings()
    url = settings.postgres_url
    asyncio.run(upgrade(url.get_secret_value() if url else settings.store_path))
    click.echo(f"The store {'at POSTGRES_URL' if url else settings.store_path} is up to date.")
