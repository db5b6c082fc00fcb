"""`make chaos`: kill everything while decisions are made, and tell what was lost."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.embedded_ground import EmbeddedGround
from tests.chaos.outages import AWAY_S, MOST_S, OutageRun
from tests.chaos.plan import Plan
from tests.chaos.report import as_dict, table
from tests.chaos.run import Report, Run
from tests.chaos.shared_ground import SharedGround
from tests.own_servers import own_servers


def main() -> int:
    """Run once, or once for each of several seeds; 1 when a promise was not kept, or a control was not noticed."""
    options = _options()
    home = Path(options.home or tempfile.mkdtemp(prefix="conclave-chaos-", dir="/var/tmp"))
    home.mkdir(parents=True, exist_ok=True)
    reports = [*_embedded(options, home), *_shared(options, home)]
    drained = _outages(options, home, reports)
    (home / "report.json").write_text(json.dumps([as_dict(each) for each in reports], indent=2))
    print(f"\nbooks, logs and report.json: {home}", file=sys.stderr)
    is_kept = all(each.is_clean != each.plan.control for each in reports)
    return 0 if is_kept and all(seconds <= MOST_S for seconds in drained.values()) else 1


def _embedded(options: argparse.Namespace, home: Path) -> Iterator[Report]:
    if options.only not in (None, "embedded") or options.control:
        return
    plan = Plan(options.decisions // 5, max(1, options.kills // 3), 0, options.seed, embedded=True, apis=1)
    yield _told(asyncio.run(Run(plan, EmbeddedGround(home / "embedded"), home).report()))


def _shared(options: argparse.Namespace, home: Path) -> Iterator[Report]:
    if options.only not in (None, "shared"):
        return
    with own_servers(home / "servers") as servers:
        for seed in range(options.seed, options.seed + options.runs):
            plan = Plan(options.decisions, options.kills, options.pauses, seed, options.control)
            yield _told(asyncio.run(Run(plan, SharedGround(plan, servers), home).report()))


def _outages(options: argparse.Namespace, home: Path, reports: list[Report]) -> dict[str, float]:
    if options.control or options.only not in (None, "outages"):
        return {}
    plan = Plan(options.decisions // 5, 0, 0, options.seed, at_once=150)
    with own_servers(home / "away") as servers:
        run = OutageRun(plan, SharedGround(plan, servers), home)
        reports.append(_told(asyncio.run(run.report())))
    told = {server: f"{AWAY_S[server]:g} s away, {seconds:.1f} s" for server, seconds in run.drained_s.items()}
    print(f"    drained  {told}\n", flush=True)
    return run.drained_s


def _told(report: Report) -> Report:
    print(f"{table(report)}\n", flush=True)
    return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=...", description=__doc__)
    parser.add_argument(
        "--decisions", type=int, default=10_100, help="asked for; some without a key are never promised"
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--pauses", type=int, default=6, help="workers stopped for longer than their lease")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1, help="how many, each with the next seed")
    parser.add_argument("--control", action="store_true", help="without confirms and inbox: has to be noticed")
    parser.add_argument("--only", choices=("embedded", "shared", "outages"), help="leave out the others")
    parser.add_argument("--home", help="folder for books, logs and the report")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
