"""What a client saw with its own eyes, one line each, on the disk before it goes on."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Books:
    """Writes lines that survive a power cut, and nothing else."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def note(self, number: int, what: str, **more: Any) -> None:
        """Write down what happened to a request, and return when it is on the disk."""
        self._file.write(json.dumps({"n": number, "what": what, **more}).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read_books(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every line that was written to its end."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        yield json.loads(line)
