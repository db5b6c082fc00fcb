"""`conclave test-agents`: the analysts in every regime, with every fault, and a report of what came of it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from app.cli.endings import DONE
from app.domain.wording import counted

if TYPE_CHECKING:
    from app.testing.agent_testing_framework import AgentTestingFramework

FOUND_SOMETHING: Final = 1


@click.command("test-agents")
@click.option("--regime", "regimes", multiple=True, metavar="NAME", help="Only this regime; may be repeated.")
@click.option("--agent", "agents", multiple=True, metavar="ROLE", help="Only this agent; `comprehensive` is the panel.")
@click.option("--scenes", type=click.IntRange(1, 50), default=3, show_default=True, help="Scenes of each regime.")
@click.option("--timeout", type=click.FloatRange(0.1, 300), help="Seconds for each question; 5, with --models 30.")
@click.option("--quick", is_flag=True, help="Scenarios alone: no benchmark, no stress, no broken analysts.")
@click.option("--broken", is_flag=True, help="Only check that ten analysts broken on purpose are caught.")
@click.option("--models", is_flag=True, help="Seat the models that are set up, at their vendors' price.")
@click.option("--yes", is_flag=True, help="Do not ask before models cost money.")
@click.option("--html", type=click.Path(dir_okay=False, writable=True), help="Also write the report to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def test_agents(
    *,
    regimes: tuple[str, ...],
    agents: tuple[str, ...],
    scenes: int,
    timeout: float | None,
    quick: bool,
    broken: bool,
    models: bool,
    yes: bool,
    html: str | None,
    as_json: bool,
) -> int:
    """Test the analysts in mock markets: as they are, with faults in data and models, and against ten broken ones.

    Each scenario names what it expects, and can fail; exit code 1 says that at least one did. Nothing is recorded.

    \b
    Examples:
      conclave test-agents
      conclave test-agents --html report.html
      conclave test-agents --regime crash --agent risk_advisor --quick
      conclave test-agents --broken
    """
    with _framework(with_models=models, scenes=scenes, timeout_seconds=timeout) as framework:
        if broken:
            return _checked(framework, as_json)
        if models and not yes:
            _confirm(framework, regimes, agents)
        work = framework.run_comprehensive_agent_test(regimes, agents, measures=not quick)
        report = asyncio.run(work)["test_report"]
    if html:
        from app.testing.agent_tests.html.page import page

        Path(html).write_text(page(report), encoding="utf-8")
        click.echo(f"The report is in {html}.", err=True)
    _print(report, as_json)
    return FOUND_SOMETHING if report["executive_summary"]["failed"] else DONE


@contextmanager
def _framework(**wishes: Any) -> Iterator["AgentTestingFramework"]:
    """Return the framework with a bar that tells how far it is."""
    from app.agent_system import AgentSystem
    from app.cli.desk import quiet_settings

    with _bar() as progress:
        system = AgentSystem(quiet_settings())
        yield system.agent_testing_framework(**wishes, progress=progress)


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<17}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, Any] = {}

    def tell(what: str, done: int, total: int) -> None:
        shown.start()
        if what not in tasks:
            tasks[what] = shown.add_task(what)
        shown.update(tasks[what], completed=done, total=total)

    try:
        yield tell
    finally:
        shown.stop()


def _confirm(framework: "AgentTestingFramework", regimes: tuple[str, ...], agents: tuple[str, ...]) -> None:
    asked = counted(framework.questions(regimes, agents), "question")
    click.confirm(f"Models will be asked {asked} by each of their analysts. Go on?", abort=True, err=True)


def _checked(framework: "AgentTestingFramework", as_json: bool) -> int:
    result = asyncio.run(framework.check_against_broken_analysts())
    if as_json:
        _json(result)
    else:
        from app.cli.agent_test_view import show_self_check
        from app.cli.terminal import results

        show_self_check(results(), result)
    return DONE if result["caught"] == result["of"] else FOUND_SOMETHING


def _print(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        return _json({"test_report": report})
    from app.cli.agent_test_view import show_report
    from app.cli.terminal import results

    return show_report(results(), report)


def _json(value: Any) -> None:
    import orjson

    click.echo(orjson.dumps(value))
