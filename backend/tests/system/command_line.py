"""Runs the command line as a person does: in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import app

SAMPLES = Path(app.__file__).parent / "market_data" / "samples"
OURS = ("CONCLAVE_", "ANTHROPIC_", "POSTGRES_", "RABBITMQ_", "REDIS_", "OLLAMA_", "LOG_LEVEL", "COLUMNS")


@dataclass(frozen=True)
class Ended:
    """How a process ended and what it wrote."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it wrote, as one JSON document."""
        return json.loads(self.out)


def environment(home: Path | None = None, **variables: str) -> dict[str, str]:
    """The environment of a newcomer, with nothing of Conclave's set but what is given."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**bare, **({"CONCLAVE_HOME": str(home)} if home else {}), **variables}


def conclave(*args: object, home: Path | None = None, given: str | None = None, **variables: str) -> Ended:
    """Run `conclave` to its end; whatever happens, it shows no traceback."""
    command = [sys.executable, "-m", "app.cli.main", *map(str, args)]
    ended = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        env=environment(home, **variables),
        timeout=60,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def sample(symbol: str, last: int | None = None) -> str:
    """The bundled bars of a symbol as CSV, or only the last of them."""
    header, *rows = (SAMPLES / f"{symbol}_daily.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join([header, *(rows[-last:] if last else rows)])
