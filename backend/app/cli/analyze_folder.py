"""A folder of CSV files: one decision each, one table for all, and no file that stops the others."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import orjson

from app.agent_system import AgentSystem
from app.cli.analysis_options import AnalysisOptions
from app.cli.analyze_symbol import stored_answer
from app.cli.desk import on_desk
from app.cli.endings import BAD_INPUT, DONE, NO_DECISION, complain
from app.composition import Desk
from app.domain.errors import InvalidInputError
from app.domain.votes import NO_DECISION as UNDECIDED

_SYMBOL_ENDS: Final = re.compile(r"[_.]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: the stored record, or why there is none."""

    symbol: str
    body: bytes | None = None
    error: str = ""


def analyze_folder(folder: str, asked: AnalysisOptions, as_json: bool) -> int:
    """Decide about every CSV file of a folder, print a table (or one record a line), return the exit code.

    Raises:
        AgentSystemError: there is no such folder or no CSV in it, or the store failed.
    """
    files = _files(folder)
    outcomes = on_desk(lambda system, desk: _decide_all(system, desk, files, asked))
    records = [orjson.loads(each.body) if each.body else None for each in outcomes]
    if as_json:
        for each in outcomes:
            if each.body:
                click.echo(each.body)
    else:
        _show(outcomes, records)
    return _code(records)


def symbol_of(file: Path) -> str:
    """Return the symbol a file is about: its name up to the first underscore or dot, upper-cased."""
    return _SYMBOL_ENDS.split(file.name, maxsplit=1)[0].upper()


def _files(folder: str) -> list[Path]:
    try:
        files = sorted(each for each in Path(folder).iterdir() if each.suffix.lower() == ".csv" and each.is_file())
    except OSError as error:
        raise InvalidInputError(f"{folder} is no folder that can be read: {error.strerror}.") from None
    if not files:
        raise InvalidInputError(f"{folder} holds no CSV file.")
    return files


async def _decide_all(system: AgentSystem, desk: Desk, files: list[Path], asked: AnalysisOptions) -> list[Outcome]:
    outcomes = []
    for place, file in enumerate(files, start=1):
        click.echo(f"[{place}/{len(files)}] {file.name}", err=True)
        outcomes.append(await _outcome(system, desk, file, asked))
    return outcomes


async def _outcome(system: AgentSystem, desk: Desk, file: Path, asked: AnalysisOptions) -> Outcome:
    symbol = symbol_of(file)
    try:
        bars = asked.read_bars(str(file))
        return Outcome(symbol, await stored_answer(system, desk, symbol, bars, asked.wishes))
    except InvalidInputError as error:
        message = str(error) if str(file) in str(error) else f"{file}: {error}"
        complain(message)
        return Outcome(symbol, error=message.removeprefix(f"{file}: "))


def _show(outcomes: list[Outcome], records: list[dict[str, Any] | None]) -> None:
    from app.cli.terminal import number, results, row, share, table

    shown = table("symbol", "decision", "status", "resolved by", "confidence", "support", "as of", "remarks")
    for outcome, record in zip(outcomes, records, strict=True):
        if record is None:
            row(shown, outcome.symbol, None, "error", None, None, None, None, outcome.error)
            continue
        found = (record["final_recommendation"], record["status"], record["resolved_by"])
        remarks = ", ".join(record["degraded_reasons"]) or None
        figures = (number(record["confidence"]), share(record["support"]), record["as_of"][:16])
        row(shown, outcome.symbol, *found, *figures, remarks)
    results().print(shown)


def _code(records: list[dict[str, Any] | None]) -> int:
    if None in records:
        return BAD_INPUT
    undecided = any(record and record["final_recommendation"] == UNDECIDED for record in records)
    return NO_DECISION if undecided else DONE
