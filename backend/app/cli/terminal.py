"""What people see: tables and lines by rich, without colours and at a fixed width when nobody looks."""

import os
import sys
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.text import plain

WIDTH_WITHOUT_TERMINAL: Final = 140
STYLES: Final = {
    "STRONG_BUY": "bold green",
    "BUY": "green",
    "HOLD": "yellow",
    "SELL": "red",
    "STRONG_SELL": "bold red",
    "ABSTAIN": "dim",
    "NO_DECISION": "bold magenta",
}


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the end of the command to say nothing."""
        raise BrokenPipeError


def results() -> Console:
    """Return the console on standard output."""
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return _Terminal(highlight=False, markup=False, emoji=False, width=None if has_width else WIDTH_WITHOUT_TERMINAL)


def table(*columns: str, title: str | None = None, whole: Sequence[str] = (), **settings: Any) -> Table:
    """Return an empty table with these headings.

    Args:
        whole: columns that are kept on one line, because somebody will copy what is in them.
    """
    empty = Table(title=title, title_justify="left", header_style="bold", expand=False, **settings)
    for name in columns:
        empty.add_column(name, overflow="fold", no_wrap=name in whole)
    return empty


def row(into: Table, *cells: object) -> None:
    """Add a row; text from outside is shown as it is, never as markup, and a decision in its colour."""
    into.add_row(*map(cell, cells))


def cell(value: object) -> Text:
    """Return one cell: None is a dash."""
    if isinstance(value, Text):
        return value
    text = "–" if value is None else plain(value)
    return Text(text, style=STYLES.get(text, ""))


def number(value: float | None, digits: int = 3) -> str | None:
    """Return a number for reading, None when there is none."""
    return None if value is None else f"{value:.{digits}f}"


def share(value: float | None) -> str | None:
    """Return a share as a percentage."""
    return None if value is None else f"{value:.1%}"
