"""`conclave demo`: one decision on real bars, without a key, a service or data of one's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from app.config import Settings

SYMBOL: Final = "AAPL"
AS_OF: Final = "2008-01-23"


@click.command()
@click.option("--explain", is_flag=True, help="Add every reason in full and the arithmetic of the consensus.")
def demo(explain: bool) -> int:
    """Ask the whole panel about Apple in January 2008, on bundled bars and headlines, and show every vote.

    The decision is stored in a temporary folder, unless CONCLAVE_HOME is set.
    """
    from app.cli.analyze_symbol import show, stored_answer
    from app.cli.desk import on_desk, quiet_settings
    from app.market_data.sample_bars import sample_bars, sample_news

    bars, wishes = sample_bars(SYMBOL), {"news": sample_news(SYMBOL), "as_of": AS_OF}
    with _home(quiet_settings()) as settings:
        body = on_desk(lambda system, desk: stored_answer(system, desk, SYMBOL, bars, wishes), settings)
    return show(body, explain, as_json=False)


@contextmanager
def _home(settings: "Settings") -> Iterator["Settings"]:
    """Keep a look around out of the user's own record, whether in a folder or on a server."""
    settings = settings.model_copy(update={"postgres_url": None})
    if os.environ.get("CONCLAVE_HOME"):
        click.echo(f"The decision is stored in CONCLAVE_HOME, {settings.home}.", err=True)
        yield settings
        return
    with TemporaryDirectory(prefix="conclave-demo-") as folder:
        click.echo("The decision is stored in a temporary folder; set CONCLAVE_HOME to keep it.", err=True)
        yield settings.model_copy(update={"home": Path(folder)})
