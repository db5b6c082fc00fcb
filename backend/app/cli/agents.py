"""`conclave agents`: who sits on the panel."""

from typing import TYPE_CHECKING

import click

from app.domain.wording import counted

if TYPE_CHECKING:
    from app.ports.analyst import Needs


@click.command()
def agents() -> None:
    """Show every analyst of the panel: its question, its rule, what it needs and which tools it may call."""
    from app import plugins
    from app.cli.terminal import results, row, table

    shown = table("role", "question", "rule", "needs", "tools", show_lines=True)
    for role in plugins.names("analyst"):
        analyst = plugins.load("analyst", role)
        tools = ", ".join(analyst.tools) or "none"
        row(shown, analyst.role, analyst.question, analyst.rule, needs_in_words(analyst.needs), tools)
    results().print(shown)


def needs_in_words(needs: "Needs") -> str:
    """Say what a context must hold before the analyst is asked."""
    news = "at least one headline" if needs.news else ""
    bars = counted(needs.bars, "bar") if needs.bars else ""
    return " and ".join(filter(None, (bars, news))) or "nothing"
