"""`make chaos`: kill everything while decisions are made, and tell what was lost."""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.chaos.plan import Plan
from tests.chaos.report import as_dict, table
from tests.chaos.run import Run
from tests.own_servers import own_servers


def main() -> int:
    """Run once, or once for each of several seeds; 1 when a promise was not kept, or a control was not noticed."""
    options = _options()
    plan = Plan(options.decisions, options.kills, options.pauses, options.seed, options.control)
    home = Path(options.home or tempfile.mkdtemp(prefix="conclave-chaos-", dir="/var/tmp"))
    home.mkdir(parents=True, exist_ok=True)
    reports = []
    with own_servers(home / "servers") as servers:
        for seed in range(plan.seed, plan.seed + options.runs):
            report = asyncio.run(Run(replace(plan, seed=seed), servers, home).report())
            print(table(report), flush=True)
            reports.append(report)
    told = json.dumps([as_dict(each) for each in reports], indent=2)
    (home / "report.json").write_text(told)
    print(f"\nbooks, logs and report.json: {home}", file=sys.stderr)
    return 0 if all(each.is_clean != plan.control for each in reports) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos ARGS=...", description=__doc__)
    parser.add_argument("--decisions", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--pauses", type=int, default=6, help="workers stopped for longer than their lease")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1, help="how many, each with the next seed")
    parser.add_argument("--control", action="store_true", help="without confirms and inbox: has to be noticed")
    parser.add_argument("--home", help="folder for books, logs and the report")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
