"""`conclave decisions`: what was decided, newest first."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from app.domain.decisions import DecisionPage


@click.command()
@click.option("--symbol", help="Only decisions about this symbol.")
@click.option("--since", metavar="TIME", help="Only decisions made at or after this time.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@click.option("--cursor", help="Continue after a page: the next_cursor that it printed.")
@click.option("--json", "as_json", is_flag=True, help='Print {"items", "next_cursor"} as the REST route does.')
def decisions(symbol: str | None, since: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """List the decisions in the store of POSTGRES_URL, else of CONCLAVE_HOME, newest first.

    \b
    Examples:
      conclave decisions --symbol AAPL --limit 5
      conclave decisions --since 2024-06-01 --json
    """
    from app.cli.desk import on_desk
    from app.cli.inputs import read_moment

    moment = read_moment(since, "--since", is_end_of_day=False)
    about = symbol.upper() if symbol else None
    page = on_desk(lambda _system, desk: desk.store.list(about, moment, limit, cursor))
    if as_json:
        click.echo(_as_json(page))
    else:
        _show(page)


def _as_json(page: "DecisionPage") -> bytes:
    """Return the page with each record byte for byte as it is stored."""
    import orjson

    items = b",".join(record.body for record in page.items)
    return b'{"items":[' + items + b'],"next_cursor":' + orjson.dumps(page.next_cursor) + b"}"


def _show(page: "DecisionPage") -> None:
    import orjson

    from app.cli.decision_list import decision_list
    from app.cli.terminal import results

    out = results()
    out.print(decision_list([orjson.loads(stored.body) for stored in page.items], out.width))
    if not page.items:
        click.echo("No decisions yet; `conclave demo` or `conclave analyze` makes one.", err=True)
    if page.next_cursor:
        click.echo(f"There are older ones: --cursor {page.next_cursor}", err=True)
