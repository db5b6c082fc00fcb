"""`conclave simulate`: a market that never was, and what the panel makes of each of its bars."""

import click


@click.command()
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.option("--regime", default="regime_switching", show_default=True, help="Which market; `list` names them all.")
@click.option("--interval", default="1d", show_default=True, help="Length of a bar, such as 1d, 5m or 30s.")
@click.option("--bars", type=click.IntRange(min=1), help="How many bars of each symbol; 60 unless given.")
@click.option("--minutes", type=float, help="How much simulated time passes, instead of --bars.")
@click.option(
    "--speed", type=float, help="Simulated seconds in a second, 0 for no waiting; a bar a second unless given."
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same prices.")
@click.option("--agents", help="Roles to ask, separated by commas; the whole panel unless given.")
@click.option("--method", help="Consensus method; weighted unless given.")
@click.option("--conflict", help="Who has the last word when votes settle nothing; conservative unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary alone, as JSON.")
def simulate(
    symbols: tuple[str, ...],
    regime: str,
    *,
    interval: str,
    bars: int | None,
    minutes: float | None,
    speed: float | None,
    seed: int,
    agents: str | None,
    method: str | None,
    conflict: str | None,
    as_json: bool,
) -> int:
    """Simulate a market for each SYMBOL, decide on every bar, print each decision and, at the end, a summary.

    Bars, tool calls, votes and decisions are on the feed of every server that uses the same store: leave
    `conclave serve` running and watch ws://127.0.0.1:8000/ws/agents. Ctrl-C ends it at once. Everything is recorded
    and flagged `simulated`.

    \b
    Examples:
      conclave simulate AAPL --regime crash
      conclave simulate AAPL MSFT IBM --interval 1m --minutes 390 --speed 0 --json
    """
    from app.cli.simulated_market import list_regimes, run
    from app.domain.errors import InvalidInputError
    from app.domain.market import Interval

    if regime == "list":
        return list_regimes()
    if bars is not None and minutes is not None:
        raise InvalidInputError("Give --bars or --minutes, not both.")
    seconds = Interval.parse(interval).seconds
    wishes = {
        "symbol": list(symbols),
        "regime": regime,
        "duration_minutes": (bars or 60) * seconds / 60 if minutes is None else minutes,
        "interval_seconds": seconds,
        "speed": seconds if speed is None else speed,
        "seed": seed,
        "agents": [role.strip() for role in agents.split(",")] if agents else None,
        "method": method,
        "conflict_resolution": conflict,
    }
    return run(wishes, as_json)
