"""How long a whole test of the agents takes: every scenario, benchmark, stress and the broken analysts."""

import subprocess
import sys
import tempfile
import time

import orjson

from bench.measure import Row
from bench.servers import ROOT

LONGEST_S = 60


def rows() -> list[Row]:
    """Run it once, as a person does."""
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        ended = subprocess.run(
            [sys.executable, "-m", "app.cli.main", "test-agents", "--json"],
            check=False,
            capture_output=True,
            cwd=ROOT / "backend",
            env={"CONCLAVE_HOME": home, "PATH": ""},
        )
        took_s = time.perf_counter() - started
    summary = orjson.loads(ended.stdout)["test_report"]["executive_summary"]
    told = f"{summary['scenarios']} scenarios, {summary['questions_asked']} questions, {summary['duration_s']:.0f} s"
    return [
        Row(
            "full agent test, rule analysts",
            f"{took_s:.0f} s",
            told,
            "",
            f"≤ {LONGEST_S} s",
            took_s <= LONGEST_S,
        )
    ]
