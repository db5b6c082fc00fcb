"""`conclave tools`: what the analysts may call, and how it went so far."""

import click


@click.command()
def tools() -> None:
    """Show every tool with its calls, success rate and mean time, from the store of CONCLAVE_HOME."""
    from app import plugins
    from app.cli.desk import on_desk
    from app.cli.terminal import number, results, row, share, table

    measured = {each["tool_name"]: each for each in on_desk(lambda _system, desk: desk.store.tool_performance())}
    shown = table("tool", "what it does", "calls", "success", "average ms")
    for name in plugins.names("tool"):
        record = measured.get(name, {})
        figures = (share(record.get("success_rate")), number(record.get("average_execution_time_ms"), 2))
        row(shown, name, plugins.load("tool", name).description, record.get("calls", 0), *figures)
    results().print(shown)
