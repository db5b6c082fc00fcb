"""`conclave doctor`: what is set up, what is missing, and what to do about it."""

import click

CANNOT_DECIDE = 1


@click.command()
@click.option("--live", is_flag=True, help="Ask each model for real: one round trip with a tool, one with a schema.")
def doctor(live: bool) -> int:
    """Look at everything a decision needs and everything that is set, and name the fix for what is not right.

    Exit code 0 when a decision can be made, 1 when not. Keys are never shown, only whether they are set.
    """
    from app.cli.checkup import findings
    from app.cli.finding import PROBLEM
    from app.cli.terminal import results, row, table

    found = findings(live)
    shown = table("part", "state", "found", "what to do")
    for each in found:
        row(shown, each.part, each.state, each.found, each.fix)
    out = results()
    out.print(shown)
    ill = [each.part for each in found if each.state == PROBLEM]
    out.print(f"This has to be fixed first: {', '.join(ill)}." if ill else "A decision can be made.")
    return CANNOT_DECIDE if ill else 0
