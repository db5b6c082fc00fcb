"""Many decisions in one table: a line for each, or two where the terminal is narrow."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Group
from rich.table import Table

from app.cli.terminal import cell, number, row, share, table
from app.domain.simulations import SIMULATED

ROOMY: Final = 130


def decision_list(records: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Return decisions with their status and whoever resolved them; ids stay in one piece."""
    return _on_one_line(records) if width >= ROOMY else _on_two_lines(records)


def _on_one_line(records: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("made at", "symbol", "decision", "status", "resolved by", "confidence", "support", "decision id")
    shown = table(*columns, whole=["decision id"])
    for each in records:
        found = (each["final_recommendation"], each["status"], each["resolved_by"])
        figures = (number(each["confidence"]), share(each["support"]))
        row(shown, _made_at(each), _symbol(each), *found, *figures, each["decision_id"])
    return shown


def _on_two_lines(records: Sequence[Mapping[str, Any]]) -> Table:
    name = "made at, decision id"
    shown = table(name, "symbol", "decision", "status, resolved by", whole=[name], box=None)
    for each in records:
        where = Group(_made_at(each), each["decision_id"])
        how = Group(each["status"], each["resolved_by"])
        what = Group(cell(each["final_recommendation"]), cell(number(each["confidence"])))
        shown.add_row(where, cell(_symbol(each)), what, how)
    return shown


def _symbol(record: Mapping[str, Any]) -> str:
    """Return the symbol, and say so when its market was made up."""
    return f"{record['symbol']} (sim)" if SIMULATED in record["degraded_reasons"] else str(record["symbol"])


def _made_at(record: Mapping[str, Any]) -> str:
    return str(record["created_at"])[:16].replace("T", " ")
