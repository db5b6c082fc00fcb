"""Debian's packages of the servers: found where they are, installed where they may be, never run by the system."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.services.errors import ServiceError

POLICY = Path("/usr/sbin/policy-rc.d")
BOOT = Path("/etc/systemd/system")
REFUSE = "#!/bin/sh\nexit 101\n"
UNITS = ("postgresql.service", "rabbitmq-server.service", "epmd.service", "epmd.socket", "prometheus.service")
PLACES = {
    "postgresql": "usr/lib/postgresql/*/bin/postgres",
    "rabbitmq-server": "usr/lib/rabbitmq/bin/rabbitmq-server",
    "prometheus": "usr/bin/prometheus",
}


def programs(package: str) -> Path | None:
    """Return the folder of the newest installed programs of `package`, past Debian's wrappers, which serve one user."""
    found = sorted(Path("/").glob(PLACES[package]), key=lambda path: [int(n) for n in path.parts if n.isdigit()])
    return found[-1].parent if found else None


def needed(package: str) -> Path:
    """Return the folder of the programs of `package`, installing it if it is missing.

    Raises:
        ServiceError: it is missing and cannot be installed.
    """
    if programs(package) is None:
        _install(package)
    folder = programs(package)
    if folder is None:
        raise ServiceError(f"The package {package} holds no {PLACES[package]}.")
    return folder


def _install(package: str) -> None:
    root = _root_prefix(package)
    said(f"installing {package} with apt-get")
    with _no_service_starts(root), _nothing_starts_at_boot(root):
        # Some lists of a machine may be out of reach: what counts is whether the package can be had.
        _quietly([*root, "apt-get", "update", "-qq"])
        options = ["-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
        done = _quietly([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *options, package])
    if done.returncode:
        raise ServiceError(f"apt-get could not install {package}:\n{done.stdout[-2000:]}")


def _root_prefix(package: str) -> list[str]:
    if not shutil.which("apt-get"):
        raise ServiceError(f"{package} is missing, and there is neither a Docker engine nor apt-get to get it with.")
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo") or (not sys.stdin.isatty() and _quietly(["sudo", "-n", "true"]).returncode):
        raise ServiceError(f"{package} is missing; as root: apt-get install {package}")
    return ["sudo"]


@contextmanager
def _no_service_starts(root: Sequence[str]) -> Iterator[None]:
    """Keep packages from starting their own servers, whatever the machine's rule is, and put that rule back."""
    aside = POLICY.with_name("policy-rc.d.before-conclave")
    had_one = POLICY.exists() or aside.exists()
    if had_one and not aside.exists():  # it is there already where an earlier command was killed
        _quietly([*root, "mv", str(POLICY), str(aside)])
    try:
        subprocess.run([*root, "install", "-m", "755", "/dev/stdin", str(POLICY)], input=REFUSE, text=True, check=True)  # noqa: S603
        yield
    finally:
        _quietly([*root, "mv", str(aside), str(POLICY)] if had_one else [*root, "rm", "-f", str(POLICY)])


@contextmanager
def _nothing_starts_at_boot(root: Sequence[str]) -> Iterator[None]:
    """Take back what packages enable for the next boot; what was enabled before stays so."""
    before = _enabled()
    yield
    _quietly([*root, "rm", "-f", *(str(link) for link in _enabled() - before)])


def _enabled() -> set[Path]:
    return {link for unit in UNITS for link in BOOT.glob(f"*.wants/{unit}")}


def _quietly(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603


def said(words: str) -> None:
    """Tell the person who waits what takes so long; standard output is for the URLs alone."""
    sys.stderr.write(f"services: {words}\n")
