"""Runs a simulation on a desk of its own and shows it as it goes."""

import asyncio
from collections.abc import AsyncIterable, Mapping
from typing import Any

import click
import orjson
from rich.console import Console
from rich.text import Text

from app.agent_system import AgentSystem
from app.cli.desk import on_desk
from app.cli.endings import DONE
from app.cli.terminal import STYLES, cell, results, row, share, table
from app.composition import Desk
from app.domain.events import Event, EventType
from app.domain.wording import counted
from app.messaging.starting import stop
from app.testing.mock_market.regimes import REGIMES

SHORT = {"STRONG_BUY": "++", "BUY": "+", "HOLD": "0", "SELL": "-", "STRONG_SELL": "--", "ABSTAIN": "?"}


def list_regimes() -> int:
    """Print what `--regime` may be."""
    for name in REGIMES:
        click.echo(name)
    return DONE


def run(wishes: Mapping[str, Any], as_json: bool) -> int:
    """Simulate to the end and print the summary.

    Raises:
        AgentSystemError: the input cannot be used, or the store failed.
    """

    async def work(system: AgentSystem, desk: Desk) -> dict[str, Any]:
        if as_json:
            return await system.simulate_market_stream(**wishes)
        return await _watched(system, desk, wishes)

    summary = on_desk(work)
    if as_json:
        click.echo(orjson.dumps(summary))
    else:
        show_summary(results(), summary)
    return DONE


async def _watched(system: AgentSystem, desk: Desk, wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Run, and print each decision on the way; where nobody reads any more it ends.

    Raises:
        AgentSystemError: it failed.
        BrokenPipeError: whoever read the decisions has left.
    """
    out = results()
    async with desk.bus.subscribe("#", 100_000) as events:
        running = asyncio.create_task(system.simulate_market_stream(**wishes), name="simulation of the command")
        watching = asyncio.create_task(_show(out, events), name="view of the simulation")
        try:
            await asyncio.wait([running, watching], return_when=asyncio.FIRST_COMPLETED)
            if watching.done() or running.exception() is None:
                await watching
            return await running
        finally:
            await stop(running, watching)


async def _show(out: Console, events: AsyncIterable[Event]) -> None:
    """Print a line for every decision until the simulation has ended."""
    bars: dict[tuple[str, str], Event] = {}
    votes: dict[str, list[Event]] = {}
    async for event in events:
        if event.type is EventType.MARKET_UPDATE:
            bars[event.symbol, event.data["ends_at"]] = event
        elif event.type is EventType.AGENT_DECISION:
            votes.setdefault(event.decision_id, []).append(event)
        elif event.name == "consensus_result":
            bar = bars.pop((event.symbol, event.data["payload"]["as_of"]), None)
            if bar is not None:
                out.print(_line(event, bar, votes.pop(event.decision_id, [])))
        elif event.name == "simulation_ended":
            return


def _line(event: Event, bar: Event, votes: list[Event]) -> Text:
    told = event.data["payload"]
    word = told["final_decision"]
    said = "  ".join(f"{each.agent_type.partition('_')[0]} {SHORT.get(each.data['decision'], '?')}" for each in votes)
    return Text.assemble(
        f"{bar.data['bar']:>5}  {event.symbol:<8}{bar.data['close']:>12,.4f}  ",
        (f"{word:<12}", STYLES.get(word, "")),
        f"{told['status'] + ', ' + told['resolved_by']:<31}  {said}",
    )


def show_summary(out: Console, summary: Mapping[str, Any]) -> None:
    """Print what became of each symbol and how fast it went."""
    shown = table("symbol", "bars", "from", "to", "change", "decisions", "skipped", "what was decided")
    for symbol, each in summary["by_symbol"].items():
        words = ", ".join(f"{word} {count}" for word, count in each["final_recommendations"].items())
        prices = (f"{each['first_price']:,.4f}", f"{each['last_price']:,.4f}", share(each["change"]))
        row(shown, symbol, each["bars"], *prices, each["decisions"], each["bars_skipped"], words)
    out.print(shown)
    decided = counted(summary["decisions"], "decision")
    pace = f"{summary['duration_seconds']:.1f} s, {summary['decisions_per_second']:.0f} a second"
    out.print(cell(f"{summary['regime']}, seed {summary['seed']}: {summary['status']}, {decided} in {pace}"))
    out.print(cell(f"Every one is recorded as simulated, with correlation id {summary['simulation_id']}."))
