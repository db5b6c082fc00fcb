"""`make bench`: every figure with its floor, as one table. Name parts to run only those: `run.py engine feed`."""

import argparse
import importlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from bench.measure import Row

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "backend")]

PARTS = {
    "engine": "bench.consensus_engine",
    "decision": "bench.decision",
    "http": "bench.analyze_http",
    "feed": "bench.feed",
    "startup": "bench.startup",
    "many": "bench.many_decisions",
    "models": "bench.models",
    "market": "bench.mock_market",
    "simulation": "bench.simulation",
    "messaging": "bench.messaging",
    "postgres": "bench.postgres",
    "shared": "bench.shared_work",
    "metering": "bench.metering",
    "agent_tests": "bench.agent_tests",
}


def main() -> None:
    """Measure the parts asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all when none is named")
    chosen = parser.parse_args().parts or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        parser.error(f"unknown part; choose from {', '.join(PARTS)}")
    # The servers are for some parts alone: the others keep their records in folders of their own and share no work.
    for name in ("POSTGRES_URL", "RABBITMQ_URL"):
        os.environ[f"CONCLAVE_BENCH_{name}"] = os.environ.pop(name, "")
    console = Console(width=140)
    table = Table("what", "measured", "floor in the same run", "ratio", "bar", "met")
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        for name in chosen:
            with console.status(f"measuring {name}"):
                for row in fresh.submit(measured, name).result():
                    met = "" if row.ok is None else "yes" if row.ok else "NO"
                    table.add_row(row.what, row.measured, row.floor, row.ratio, row.bar, met)
    console.print(table)


def measured(part: str) -> list["Row"]:
    """Measure a part; in a process of its own, so that nothing another part left behind is counted."""
    from app.observability.logging import configure_logging

    configure_logging("WARNING")
    rows: list[Row] = importlib.import_module(PARTS[part]).rows()
    return rows


if __name__ == "__main__":
    main()
