"""Servers as processes of their own: started apart from the caller, known by number and birth, ended politely."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.services.errors import ServiceError

Known = Mapping[str, Any]
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}  # those of this very command, which has to bury them


def as_user(name: str) -> list[str]:
    """Return the words before a command that make it run as `name`; none unless this is root.

    `runuser` would stay as a parent and hide the death of its child, `setpriv` becomes the command.
    """
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={name}", f"--regid={pwd.getpwnam(name).pw_gid}", "--clear-groups", "--"]


def spawn(command: Sequence[str], log: Path, env: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Start a server that outlives this command and return what to remember of it."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=folder, start_new_session=True
        )
    _CHILDREN[process.pid] = process
    return {"pid": process.pid, "born": _born(process.pid)}


def is_alive(known: Known | None) -> bool:
    """Return whether it is the same process still, and not a dead one that nobody has buried."""
    return known is not None and known["born"] is not None and _born(known["pid"]) == known["born"]


def end(known: Known | None, how: signal.Signals, patience_s: float = 30.0) -> None:
    """Ask a process to end, and kill it when it has not after `patience_s` seconds."""
    if known is None or not is_alive(known):
        return
    os.kill(known["pid"], how)
    if not waited(lambda: not is_alive(known), patience_s):
        os.kill(known["pid"], signal.SIGKILL)
        waited(lambda: not is_alive(known), patience_s)
    if not is_alive(known):
        _bury(known["pid"])


def wait_ready(name: str, known: Known, log: Path, answers: Callable[[], bool], patience_s: float) -> None:
    """Return once `answers` does.

    Raises:
        ServiceError: the process ended or did not answer in time; names the log.
    """
    if waited(lambda: answers() or not is_alive(known), patience_s) and is_alive(known):
        return
    what = f"gave no answer within {patience_s:.0f} s" if is_alive(known) else "ended while it started"
    raise ServiceError(f"{name} {what}; its log is {log} and ends with:\n{_tail(log)}")


def waited(done: Callable[[], bool], patience_s: float) -> bool:
    """Return whether it was done within `patience_s` seconds."""
    until = time.monotonic() + patience_s
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def users_of(folder: Path) -> list[int]:
    """Return the numbers of living processes that work in `folder`."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _works_in(entry, folder)]


def wait_unused(folder: Path, patience_s: float = 15.0) -> None:
    """Return once no process works in `folder`: those whose parent was killed end by themselves.

    Raises:
        ServiceError: somebody stays.
    """
    if not waited(lambda: not users_of(folder), patience_s):
        raise ServiceError(f"Processes {users_of(folder)} still work in {folder}; end them, then start again.")


def _bury(pid: int) -> None:
    """Wait for a dead child: it is listed as dead some milliseconds before the last of its threads is gone."""
    child = _CHILDREN.pop(pid, None)
    if child is not None:
        child.wait()


def _born(pid: int) -> str | None:
    """The tick a living process was started at, which tells it from a later one of the same number."""
    if pid in _CHILDREN:
        _CHILDREN[pid].poll()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return (entry / "cwd").readlink() == folder.resolve()
    except OSError:
        return False


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
