"""The whole desk in five stops, on real bars that come with it: no key, no service, no data of your own.

Run it with `make demo`, then read it: each stop is a short function that uses the public interface alone.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from rich.rule import Rule
from rich.text import Text

from app import plugins
from app.agent_system import AgentSystem
from app.cli.record_view import headline, how, show_record
from app.cli.terminal import number, results, row, share, table
from app.config import Settings, read_settings
from app.consensus.engine import decide
from app.domain.market import AnalysisContext
from app.domain.votes import Opinion, engine_vote
from app.events.rules_seating import installed_analysts
from app.market_data.sample_bars import sample_bars, sample_news
from app.observability.logging import configure_logging
from app.ports.analyst import Needs, ToolBelt

SYMBOL = "AAPL"
OUTLOOK = "2008-01-23"
LEHMAN = "2008-09-15"
OUT = results()


async def tour(settings: Settings) -> None:
    """Walk through all stops."""
    async with AgentSystem(settings) as system:
        record = await one_decision(system)
        await the_risk_veto(system)
        six_methods(record)
        four_strategies(record)
        await the_live_feed(system)
        await the_same_again(system, record)
    await when_analysts_fail(settings)
    await when_the_record_is_changed(settings, record)
    OUT.print("\nThat was the tour. Next: `conclave analyze`, `conclave serve`, `conclave doctor`.")


async def one_decision(system: AgentSystem) -> dict[str, Any]:
    """Ask every analyst about one symbol, as of one instant: nothing later than `as_of` is visible to anybody."""
    stop(
        1, "One decision", f"January 2008: {SYMBOL} has a record quarter and a cautious outlook; one against the rest."
    )
    record = await ask(system)
    show_record(OUT, record)
    return record


async def the_risk_veto(system: AgentSystem) -> None:
    """Let the risk advisor stop a purchase that the votes had settled: the status still says what they wanted."""
    OUT.print("\nEight months later, on the day Lehman Brothers fell:")
    record = await ask(system, as_of=LEHMAN)
    OUT.print(headline(record))
    OUT.print(f"  {how(record)}")


def six_methods(record: Mapping[str, Any]) -> None:
    """Count the same votes by every rule: the engine is a pure function, so this costs microseconds and no model."""
    stop(2, "Six ways to count the same votes", "A HOLD by tie, by veto or by conviction are different things.")
    OUT.print(outcomes(record, [{"method": name} for name in plugins.names("consensus_method")]))


def four_strategies(record: Mapping[str, Any]) -> None:
    """When the votes settle nothing, the strategy decides; unanimity is what a panel reaches least often."""
    OUT.print("Who has the last word when not all agree:")
    strategies = plugins.names("conflict_strategy")
    OUT.print(outcomes(record, [{"method": "unanimous", "strategy": name} for name in strategies]))


async def the_live_feed(system: AgentSystem) -> None:
    """Subscribe to the event bus: votes, tool calls and the consensus arrive in order, already stored and numbered."""
    stop(3, "The live feed", "What a WebSocket client sees while another decision is made.")
    desk = await system.start()
    async with desk.bus.subscribe("#") as events, asyncio.TaskGroup() as group:
        group.create_task(ask(system, method="majority"))
        async for event in events:
            told = {"seq": event.seq, "type": str(event.type), "topic": event.topic}
            OUT.print("  ", "  ".join(str(each) for each in told.values()), sep="")
            if event.name == "consensus_result":
                break


async def the_same_again(system: AgentSystem, record: Mapping[str, Any]) -> None:
    """Make the first decision again from its stored evidence and compare it to the byte."""
    stop(4, "Replay and verification", "A decision that cannot be made again is an anecdote.")
    desk = await system.start()
    again = await desk.coordinator.replay(record["decision_id"])
    OUT.print(f"Replay of {again.decision_id}: {'identical' if not again.differences else again.differences}")
    checked = await desk.coordinator.verify()
    for head in checked.heads:
        OUT.print(f"Chain of {head.symbol}: {head.sequence} decisions, head {head.hash}")
    OUT.print(f"Problems found: {len(checked.problems)}")


class BrokenAnalyst:
    """An analyst of your own is a class like this one; this one always fails."""

    role: ClassVar = "broken_analyst"
    question: ClassVar = "What happens when an analyst crashes?"
    rule: ClassVar = "It raises."
    needs: ClassVar = Needs()
    tools: ClassVar[tuple[str, ...]] = ()

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Fail, as code does."""
        raise ConnectionError("the model is not reachable")


class SleepyAnalyst:
    """And this one never answers."""

    role: ClassVar = "sleepy_analyst"
    question: ClassVar = "What happens when an analyst is slow?"
    rule: ClassVar = "It waits for ever."
    needs: ClassVar = Needs()
    tools: ClassVar[tuple[str, ...]] = ()

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Wait for something that does not come; the deadline of the panel cancels it."""
        await asyncio.Event().wait()
        raise AssertionError("nobody gets here")


async def when_analysts_fail(settings: Settings) -> None:
    """Put a broken and a slow analyst on the panel: the decision comes on time and says who is missing from it."""
    stop(5, "When analysts fail", "A failure is never a HOLD: it is missing, it is named, and quorum counts it.")
    panel = installed_analysts()
    panel |= {"broken_analyst": BrokenAnalyst(), "sleepy_analyst": SleepyAnalyst()}
    async with AgentSystem(settings, panel) as system:
        record = await ask(system, timeout_seconds=1.0)
    OUT.print(headline(record))
    OUT.print("  degraded_reasons:", ", ".join(record["degraded_reasons"]))
    OUT.print("  missing:", ", ".join(record["missing"]))
    OUT.print(f"  after {record['duration_ms'] / 1_000:.2f} s of the 1 s that the panel had")


async def when_the_record_is_changed(settings: Settings, record: Mapping[str, Any]) -> None:
    """Change one word of a copy of the record behind the desk's back, and look whether anybody notices."""
    OUT.print("\nNow somebody edits one word of a stored decision, in a copy of the database:")
    copy = settings.model_copy(update={"home": settings.home / "copy"})
    copy.home.mkdir()
    shutil.copy(settings.store_path, copy.home)
    rewrite_history(copy.home / settings.store_path.name, record["decision_id"])
    async with AgentSystem(copy) as system:
        checked = await (await system.start()).coordinator.verify()
    for problem in checked.problems:
        OUT.print("  found:", Text(problem, style="red"))


def rewrite_history(store: Path, decision_id: str) -> None:
    """Change one word of one record, straight in the file."""
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(
            """UPDATE decisions SET body = CAST(replace(CAST(body AS TEXT), '"degraded":false', '"degraded":true')
               AS BLOB) WHERE id = ?""",
            [decision_id],
        )


async def ask(system: AgentSystem, **wishes: Any) -> dict[str, Any]:
    """Ask the panel about the bundled bars and headlines; whatever is not wished for is as at the first stop."""
    bars, news = sample_bars(SYMBOL), sample_news(SYMBOL)
    return await system.run_real_time_analysis(SYMBOL, bars, **{"news": news, "as_of": OUTLOOK, **wishes})


def outcomes(record: Mapping[str, Any], configs: list[dict[str, str]]) -> Any:
    """Decide the votes of a record under other settings and put the results side by side."""
    votes = [engine_vote(vote) for vote in record["votes"]]
    shown = table(*configs[0], "decision", "status", "resolved by", "confidence", "support")
    for config in configs:
        result = decide(votes, {**record["consensus"]["config"], "quorum": None, **config})
        figures = (number(result.confidence), share(result.support))
        row(shown, *config.values(), result.decision, result.status, result.resolved_by, *figures)
    return shown


def stop(count: int, title: str, words: str) -> None:
    """Announce a stop of the tour."""
    OUT.print()
    OUT.print(Rule(f"{count}. {title}", align="left"))
    OUT.print(words, "\n")


def main() -> None:
    """Take the tour in a temporary folder, so that nothing of it stays."""
    configure_logging("ERROR")
    with TemporaryDirectory(prefix="conclave-tour-") as folder:
        by_rule = {"home": Path(folder), "postgres_url": None, "panel": "rules"}
        asyncio.run(tour(read_settings().model_copy(update=by_rule)))


if __name__ == "__main__":
    main()
