"""`conclave verify`: is the record what was written?"""

import click

FOUND_SOMETHING = 1


@click.command()
def verify() -> int:
    """Walk every hash chain from its first link; check records, links, evidence and bars.

    Prints the head of each chain as `SYMBOL SEQUENCE HASH`: keep a copy elsewhere and compare, so that a chain that was
    cut short is noticed too. Exit code 0 when all is well, 1 when something was found.
    """
    from app.cli.desk import on_desk
    from app.domain.wording import counted

    found = on_desk(lambda _system, desk: desk.coordinator.verify())
    for head in found.heads:
        click.echo(f"{head.symbol} {head.sequence} {head.hash}")
    for problem in found.problems:
        click.echo(f"Problem: {problem}")
    whole = "every link, record and evidence is as written"
    told = counted(len(found.problems), "problem") if found.problems else whole
    click.echo(f"{counted(len(found.heads), 'chain')}: {told}.", err=True)
    return FOUND_SOMETHING if found.problems else 0
