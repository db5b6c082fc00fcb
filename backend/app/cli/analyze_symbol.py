"""One symbol: bars in, decision out."""

from collections.abc import Mapping
from typing import Any

import click
import orjson

from app.agent_system import AgentSystem
from app.cli.analysis_options import AnalysisOptions
from app.cli.desk import on_desk
from app.cli.endings import DONE, NO_DECISION
from app.composition import Desk
from app.domain.market import Bars
from app.domain.votes import NO_DECISION as UNDECIDED


def analyze_symbol(symbol: str, csv_file: str, asked: AnalysisOptions, as_json: bool) -> int:
    """Decide, print the decision and return the exit code.

    Raises:
        AgentSystemError: the input cannot be used, or the store failed.
    """
    bars = asked.read_bars(csv_file)
    body = on_desk(lambda system, desk: stored_answer(system, desk, symbol, bars, asked.wishes))
    return show(body, asked.explain, as_json)


async def stored_answer(system: AgentSystem, desk: Desk, symbol: str, bars: Bars, wishes: Mapping[str, Any]) -> bytes:
    """Ask the panel and return the record byte for byte as the store keeps it."""
    record = await system.run_real_time_analysis(symbol, bars, **wishes)
    return (await desk.coordinator.record(record["decision_id"])).body


def show(body: bytes, explain: bool, as_json: bool) -> int:
    """Print a stored record and return the exit code it stands for."""
    record = orjson.loads(body)
    if as_json:
        click.echo(body)
    else:
        from app.cli.record_view import show_record
        from app.cli.terminal import results

        out = results()
        show_record(out, record)
        if explain:
            from app.cli.explanation import show_explanation

            show_explanation(out, record)
    return NO_DECISION if record["final_recommendation"] == UNDECIDED else DONE
