"""`conclave replay`: the same evidence, the same decision?"""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.events.replay import Replay

DIFFERENT = 1


@click.command()
@click.argument("decision_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of the REST route.")
def replay(decision_id: str, as_json: bool) -> int:
    """Make decision ID again from its evidence: analysts, tools and consensus; nothing is stored.

    Exit code 0 when the outcome is identical, 1 when it differs.

    \b
    Example:
      conclave replay 01890a5d-ac96-774b-bcce-b302099a8057
    """
    from app.cli.desk import on_desk

    again = on_desk(lambda _system, desk: desk.coordinator.replay(decision_id))
    if as_json:
        import orjson

        click.echo(orjson.dumps(again.as_dict()))
    else:
        _show(again)
    return DIFFERENT if again.differences else 0


def _show(again: "Replay") -> None:
    from app.cli.terminal import results, row, table
    from app.domain.wording import counted

    out = results()
    count = len(again.differences)
    out.print(f"decision {again.decision_id}: {counted(count, 'difference') if count else 'identical'}")
    if again.engine_changed:
        out.print("It was made by another version of the engine, so differences may come from there.")
    if count:
        shown = table("what", "recorded", "recomputed")
        for each in again.differences:
            row(shown, each["what"], each["recorded"], each["recomputed"])
        out.print(shown)
