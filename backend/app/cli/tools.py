"""`conclave tools`: what the analysts may call, how it went so far, and what that says."""

from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the REST route.")
def tools(as_json: bool) -> None:
    """Show every tool with its figures from the store, and what is worth knowing of them.

    The store is that of POSTGRES_URL, else of CONCLAVE_HOME.
    """
    from app.cli.desk import on_desk

    report = on_desk(lambda _system, desk: desk.tool_tracker.analyze_tool_performance())
    if as_json:
        import orjson

        from app.analysis.tool_metrics import as_answer

        click.echo(orjson.dumps(as_answer(report)))
    else:
        _show(report)


def _show(report: dict[str, Any]) -> None:
    from app import plugins
    from app.cli.terminal import cell, results, row, table

    shown = table("tool", "what it does", "calls", "success", "average ms", "p95 ms", "informed", "moved")
    for name in plugins.names("tool"):
        row(shown, name, plugins.load("tool", name).description, *_figures(report["metrics"][name]))
    results().print(shown)
    for insight, advice in zip(report["insights"], report["recommendations"], strict=True):
        results().print(cell(f"{insight['text']} {advice['text']}"))


def _figures(metrics: dict[str, Any]) -> tuple[object, ...]:
    """Calls, success and times, and the shares of decisions that the tool informed and, of those, moved."""
    from app.cli.terminal import number, share

    calls = metrics["calls"]
    return (
        calls,
        share(metrics["success_rate"]) if calls else None,
        number(metrics["average_execution_time_ms"], 2) if calls else None,
        number(metrics["p95_execution_time_ms"], 2),
        share(metrics["share_of_decisions_informed"]),
        share(metrics["share_of_decisions_moved"]),
    )
