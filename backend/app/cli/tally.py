"""`conclave tally`: votes of your own, decided by the engine."""

from typing import Any

import click

from app.cli.endings import DONE, NO_DECISION
from app.cli.inputs import STDIN


@click.command()
@click.argument("file", default=STDIN)
@click.option(
    "--jsonl", is_flag=True, help='Read a stream of lines {"id", "votes", "config"}; write one line for each.'
)
def tally(file: str, jsonl: bool) -> int:
    """Decide the votes in FILE (or on standard input) and print the result as JSON.

    FILE holds {"votes": [...], "config": {...}} or a bare list of votes. Nothing is stored and no analyst is asked.
    The literals NaN and Infinity are read as numbers: such a vote is judged and refused, the rest are counted.

    With --jsonl each line of input gives a line of output at once: {"id", ...result}, or {"id", "error"} for a
    configuration that cannot be used and {"id": null, "error"} for a line that is no JSON object. The exit code is
    then 0 unless no line at all could be used (2).

    \b
    Examples:
      conclave tally votes.json
      echo '[{"agent_id": "a", "decision": "BUY", "confidence": 0.8}]' | conclave tally
      conclave tally --jsonl < panels.jsonl > decisions.jsonl
    """
    if jsonl:
        from app.cli.tally_lines import tally_file

        return tally_file(file)
    return _tally_document(file)


def _tally_document(file: str) -> int:
    from app.cli.inputs import read_json
    from app.cli.tally_lines import as_json
    from app.consensus.engine import decide

    document = read_json(file)
    panel = document if isinstance(document, dict) else {"votes": document}
    votes: Any = panel.get("votes")
    result = decide(votes, panel.get("config"))
    click.echo(as_json(result.as_dict()))
    return NO_DECISION if result.decision == "NO_DECISION" else DONE
