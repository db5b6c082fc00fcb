"""Folders in which servers keep their data, where the unprivileged users who run them can reach them."""

import os
import shutil
import tempfile
from pathlib import Path

from scripts.services.settings import State, home


def folder_of(state: State, server: str, user: str) -> Path:
    """Return the data folder of `server`, made for `user` if it is not there yet."""
    if not Path(state.get("data", "/nowhere")).is_dir():
        state["data"] = str(_base())
    folder = Path(state["data"]) / server
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    return folder


def private(path: Path, content: str, user: str) -> Path:
    """Write a file that nobody but `user` may read, and return it."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    if os.geteuid() == 0:
        shutil.chown(path, user)
    return path


def _base() -> Path:
    """`.services`, unless servers cannot reach it (a checkout in /root) or stumble over its name (a space)."""
    if " " not in str(home()) and (os.geteuid() != 0 or _open_to_all(home())):
        return home()
    base = Path(tempfile.mkdtemp(prefix="conclave-services-", dir="/var/tmp"))
    base.chmod(0o755)
    return base


def _open_to_all(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (folder.resolve(), *folder.resolve().parents))
