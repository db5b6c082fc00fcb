"""What is remembered of the servers between two commands: where they listen, their passwords, their processes."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
State = dict[str, Any]


def home() -> Path:
    """Return the folder of everything that is kept: `.services`, or `CONCLAVE_SERVICES_HOME`."""
    return Path(os.environ.get("CONCLAVE_SERVICES_HOME") or ROOT / ".services")


def load() -> State:
    """Return what the last command left, empty where there was none."""
    try:
        state: State = json.loads((home() / "state.json").read_text())
    except FileNotFoundError:
        return {}
    return state


def save(state: State) -> None:
    """Replace what is remembered; nobody but the owner may read it, because it holds passwords."""
    fresh = home() / "state.json.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(state, file, indent=2)
    fresh.replace(home() / "state.json")


def password() -> str:
    """Return a new password that needs no escaping in a URL."""
    return secrets.token_hex(16)


@contextmanager
def locked(name: str = "lock", *, shared: bool = False) -> Iterator[None]:
    """Wait for a lock of this checkout, so that two commands at once start one set of servers."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def unused(name: str) -> bool:
    """Return whether nobody holds the lock `name`, shared or not."""
    with (home() / name).open("w") as file, suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
