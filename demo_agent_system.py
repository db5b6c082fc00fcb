"""The whole desk in eight stops, on real and on simulated bars: no key, no server, no data of your own.

Run it with `make demo`, then read it: each stop is a short function that uses the public interface alone.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
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
from app.domain.events import Event, EventType
from app.domain.market import AnalysisContext
from app.domain.votes import Opinion, engine_vote
from app.domain.wording import counted
from app.events.rules_seating import installed_analysts
from app.market_data.sample_bars import sample_bars, sample_news
from app.observability.logging import configure_logging
from app.ports.analyst import Needs, ToolBelt

SYMBOL = "AAPL"
OUTLOOK = "2008-01-23"
TESTED = ("risk_advisor", "strategy_optimizer")
LEHMAN = "2008-09-15"
BARS, SEED = 40, 9
VOTE = EventType.AGENT_DECISION
NEXT = {
    "conclave serve": "REST, WebSocket and API docs on http://127.0.0.1:8000",
    "conclave simulate AAPL MSFT --regime recovery": "watch a market and a panel, live on the feed of `conclave serve`",
    "conclave test-agents": "all thousand scenarios, and what the bundled panel fails",
    "conclave analyze --dir YOUR_CSV_FOLDER": "your own bars",
    "conclave doctor --live": "put models on the panel: ANTHROPIC_API_KEY, or Ollama",
    "README.md, docs/simulation.md, docs/extending.md": "what there is, mock markets, a tool or an analyst of your own",
}
OUT = results()


async def tour(settings: Settings) -> None:
    """Walk through all stops."""
    async with AgentSystem(settings) as system:
        record = await one_decision(system)
        await the_risk_veto(system)
        await a_crash_that_never_was(system)
        six_methods(record)
        four_strategies(record)
    await when_a_tool_fails(settings)
    await when_analysts_fail(settings)
    async with AgentSystem(settings) as system:
        await the_same_again(system, record)
    await when_the_record_is_changed(settings, record)
    await agents_under_test(settings)
    where_to_look_next()


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


async def a_crash_that_never_was(system: AgentSystem) -> None:
    """Simulate a crash and listen to the event bus: what a WebSocket client sees, stored, numbered and in order."""
    stop(2, "A crash that never was", "Simulated bars of a day, the panel's votes on each, and how they turn.")
    desk = await system.start()
    async with desk.bus.subscribe("#", capacity=10_000) as events:
        summary = await system.simulate_market_stream(SYMBOL, "crash", BARS * 1_440, 86_400, speed=0, seed=SEED)
        heard = [event async for event in until(events, "simulation_ended")]
    OUT.print("The feed tells of each bar and of what comes of it, such as")
    for event in sorted({event.type: event for event in reversed(heard)}.values(), key=lambda event: event.seq):
        OUT.print(f"  {event.seq:>5}  {event.type}  {event.topic}")
    OUT.print(how_votes_turn(heard))
    OUT.print(
        f"{SYMBOL} lost {-summary['by_symbol'][SYMBOL]['change']:.0%} in {summary['bars']} bars; all "
        f"{summary['decisions']} decisions are recorded, and flagged as simulated."
    )


async def until(events: AsyncIterable[Event], last: str) -> AsyncIterator[Event]:
    """Pass events on to the one that is called `last`."""
    async for event in events:
        yield event
        if event.name == last:
            return


def how_votes_turn(heard: Sequence[Event]) -> Any:
    """Put bars, votes and decisions side by side, every fourth bar."""
    bars = {event.data["ends_at"]: event.data for event in heard if event.type is EventType.MARKET_UPDATE}
    results = [event.data["payload"] for event in heard if event.name == "consensus_result"]
    votes = {(event.decision_id, event.agent_type): event.data["decision"] for event in heard if event.type is VOTE}
    roles = plugins.names("analyst")
    shown = table("bar", "close", *(role.partition("_")[0] for role in roles), "decision", "resolved by")
    for result in results[::4]:
        bar = bars[result["as_of"]]
        said = [votes.get((result["decision_id"], role)) for role in roles]
        row(shown, bar["bar"], number(bar["close"], 2), *said, result["final_decision"], result["resolved_by"])
    return shown


def six_methods(record: Mapping[str, Any]) -> None:
    """Count the same votes by every rule: the engine is a pure function, so this costs microseconds and no model."""
    stop(3, "Six ways to count the same votes", "A HOLD by tie, by veto or by conviction are different things.")
    OUT.print(outcomes(record, [{"method": name} for name in plugins.names("consensus_method")]))


def four_strategies(record: Mapping[str, Any]) -> None:
    """When the votes settle nothing, the strategy decides; unanimity is what a panel reaches least often."""
    OUT.print("Who has the last word when not all agree:")
    strategies = plugins.names("conflict_strategy")
    OUT.print(outcomes(record, [{"method": "unanimous", "strategy": name} for name in strategies]))


async def the_same_again(system: AgentSystem, record: Mapping[str, Any]) -> None:
    """Make the first decision again from its stored evidence and compare it to the byte."""
    stop(6, "Replay and verification", "A decision that cannot be made again is an anecdote.")
    desk = await system.start()
    again = await desk.coordinator.replay(record["decision_id"])
    OUT.print(f"Replay of {again.decision_id}: {'identical' if not again.differences else again.differences}")
    checked = await desk.coordinator.verify()
    for head in checked.heads:
        OUT.print(f"Chain of {head.symbol}: {counted(head.sequence, 'decision')}, head {head.hash}")
    OUT.print(f"Problems found: {len(checked.problems)}")


class OrderFlow:
    """A tool of your own is a class like this one; the service behind this one is down."""

    name: ClassVar = "order_flow"
    description: ClassVar = "Who buys and who sells."

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Fail, as services do."""
        raise ConnectionError("the order flow service does not answer")


class FlowWatcher:
    """An analyst of your own is a class like this one; without its tool it has no opinion."""

    role: ClassVar = "flow_watcher"
    question: ClassVar = "Who is buying?"
    rule: ClassVar = "Follow the order flow."
    needs: ClassVar = Needs()
    tools: ClassVar[tuple[str, ...]] = ("order_flow",)

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Ask for the order flow."""
        await tools.call("order_flow")
        raise AssertionError("nobody gets here")


async def when_a_tool_fails(settings: Settings) -> None:
    """Put an analyst with a broken tool on the panel: after five failures the tool rests and is not run any more."""
    stop(4, "When a tool fails", "Every call is watched; a tool that keeps failing is suspended for a while.")
    plugins.BUILT_IN["tool"]["order_flow"] = f"{__name__}:OrderFlow"
    plugins.names.cache_clear()
    async with AgentSystem(settings, installed_analysts() | {"flow_watcher": FlowWatcher()}) as system:
        desk = await system.start()
        async with desk.bus.subscribe("agent.tool.#", capacity=10_000) as events:
            calls = asyncio.create_task(ends_of(events, "order_flow", "denied"))
            while not calls.done():
                await ask(system)
        OUT.print("The calls of order_flow ended as", ", ".join(await calls))
        report = await desk.tool_tracker.analyze_tool_performance()
    OUT.print("Suspended now:", ", ".join(report["policy"]["suspended"]))
    for insight, advice in zip(report["insights"], report["recommendations"], strict=True):
        if insight["tool_name"] == "order_flow":
            OUT.print(f"  {insight['text']} {advice['text']}")


async def ends_of(events: AsyncIterable[Event], tool: str, last: str) -> list[str]:
    """Return how the calls of a tool end, to the first that ends as `last`."""
    ends: list[str] = []
    async for event in events:
        if event.name == tool:
            ends.append(event.data["status"])
            if ends[-1] == last:
                break
    return ends


class BrokenAnalyst:
    """An analyst that always fails."""

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


async def agents_under_test(settings: Settings) -> None:
    """Put two analysts through some of the tests that agents have to stand: expectations that can fail."""
    stop(7, "Agents under test", f"{' and '.join(TESTED)} in crashes, on sound and on bad data.")
    report = (await AgentSystem(settings).run_agent_tests("crash", TESTED))["test_report"]
    shown = table("agent", "scenarios", "succeeded", "success rate")
    for agent, figures in report["by_agent"].items():
        row(shown, agent, figures["scenarios"], figures["succeeded"], share(figures["success_rate"]))
    OUT.print(shown)
    for failure in report["failures"][:1]:
        OUT.print(f"The first that fails, {failure['scenario']}: expected that it {failure['expected']};")
        OUT.print(f"  observed {failure['observed']}.")
    OUT.print(f"Overall success rate: {share(report['executive_summary']['overall_success_rate'])}")


def where_to_look_next() -> None:
    """Say what to try now."""
    stop(8, "Where to look next", "Each of these works at once; `conclave` is in .venv/bin.")
    for command, what in NEXT.items():
        OUT.print(f"  {command:<52}{what}")


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
