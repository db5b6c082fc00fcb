"""PostgreSQL for one checkout: own data, own port, loopback alone."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from scripts.services import processes
from scripts.services.data import folder_of, private
from scripts.services.errors import ServiceError
from scripts.services.packages import needed
from scripts.services.ports import LOOPBACK, keep_or_pick
from scripts.services.settings import State, password

USER = "conclave"
RUNS_AS = "postgres"
OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # nobody needs one, and its path may be at most 107 bytes long
    "max_connections": "200",
    "shared_buffers": "64MB",
    "logging_collector": "off",
}


def start(state: State) -> None:
    """Start it and return when it has answered a query.

    Raises:
        ServiceError: names what is missing, or the log.
    """
    mine: dict[str, Any] = state.setdefault("postgres", {})
    programs = needed("postgresql")
    folder = folder_of(state, "postgres", RUNS_AS)
    data, log = folder / "data", folder / "postgres.log"
    if not processes.is_alive(mine.get("process")):
        _start(programs, data, log, mine)
    processes.wait_ready("PostgreSQL", mine["process"], log, lambda: _answers(programs, mine), patience_s=60)


def _start(programs: Path, data: Path, log: Path, mine: dict[str, Any]) -> None:
    mine.setdefault("password", password())
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, data, mine["password"])
    _forget_the_dead(data)
    mine["port"] = keep_or_pick(mine.get("port"))
    options = [word for name, value in {**OPTIONS, "port": mine["port"]}.items() for word in ("-c", f"{name}={value}")]
    command = [*processes.as_user(RUNS_AS), str(programs / "postgres"), "-D", str(data), *options]
    mine["process"] = processes.spawn(command, log, _environment(data.parent), data)


def stop(state: State) -> None:
    """End it, cutting off whoever is connected."""
    processes.end(state.get("postgres", {}).pop("process", None), signal.SIGINT)


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _make_cluster(programs: Path, data: Path, secret: str) -> None:
    secret_file = private(data.parent / "password", secret, RUNS_AS)
    command = [str(programs / "initdb"), "-D", str(data), "-U", USER, f"--pwfile={secret_file}"]
    done = subprocess.run(  # noqa: S603
        [*processes.as_user(RUNS_AS), *command, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"],
        capture_output=True,
        text=True,
        cwd=data.parent,
        env=_environment(data.parent),
        check=False,
    )
    secret_file.unlink()
    if done.returncode:
        raise ServiceError(f"initdb could not make {data}:\n{done.stdout}{done.stderr}")


def _forget_the_dead(data: Path) -> None:
    """Drop the lock file of a killed server once its children are gone.

    The server itself is misled by it where nobody buries dead processes: their numbers still look alive.
    """
    processes.wait_unused(data)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _answers(programs: Path, mine: dict[str, Any]) -> bool:
    """Whether the database of the URL answers; it is made on the way, because a cluster begins without it."""
    return _asked(programs, mine, "conclave", "SELECT 1") == "1" or (
        _asked(programs, mine, "postgres", "CREATE DATABASE conclave") == "CREATE DATABASE"
        and _asked(programs, mine, "conclave", "SELECT 1") == "1"
    )


def _asked(programs: Path, mine: dict[str, Any], database: str, query: str) -> str:
    command = [str(programs / "psql"), "-h", LOOPBACK, "-p", str(mine["port"]), "-U", USER, "-d", database, "-XAtc"]
    done = subprocess.run(  # noqa: S603
        [*command, query],
        env={"PATH": os.environ["PATH"], "PGPASSWORD": mine["password"], "PGCONNECT_TIMEOUT": "5"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
