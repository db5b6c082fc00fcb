"""A group of commands that are imported only when they are called: listing them costs nothing."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

import click

from app.cli.endings import ReaderGoneError, ending_of


class Entry(NamedTuple):
    """Where a command lives, as "module:attribute", and what the list of commands says about it."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """Looks commands up in a table; every way a command can end becomes an exit code.

    Args:
        table: name to entry, in the order in which they are listed.
    """

    def __init__(self, *args: Any, table: Mapping[str, Entry], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._table = table

    def main(self, *args: Any, **settings: Any) -> NoReturn:
        """Run a command line and leave with its exit code; no fault ends in a traceback."""
        settings["standalone_mode"] = False
        run = super().main
        raise SystemExit(ending_of(lambda: run(*args, **settings)))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader who leaves is told apart here, before click takes it for a failure.

        Raises:
            ReaderGoneError: nobody reads standard output any more.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGoneError from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and return it, or None when there is none of that name."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name].target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._table.items()])
