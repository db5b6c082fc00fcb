"""The two servers as containers, where a Docker engine answers."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from scripts.services.errors import ServiceError
from scripts.services.ports import keep_or_pick
from scripts.services.settings import ROOT, State, password

PROJECT = "conclave-services"
SERVERS = ("postgres", "rabbitmq")


def engine_answers() -> bool:
    """Return whether there is an engine with compose, and not merely a client."""
    if not shutil.which("docker"):
        return False
    return all(_run(["docker", *words]).returncode == 0 for words in (["info"], ["compose", "version"]))


def start(state: State) -> None:
    """Start both and return when their health checks pass.

    Raises:
        ServiceError: compose's own words.
    """
    running = bool(_compose(state, "ps", "--quiet", "--status=running").stdout.strip())
    for server in SERVERS:
        mine: dict[str, Any] = state.setdefault(server, {})
        mine.setdefault("password", password())
        mine["port"] = mine["port"] if running and "port" in mine else keep_or_pick(mine.get("port"))
    _must(state, "up", "--detach", "--wait", *SERVERS)
    compose = ["docker", "compose", "--project-name", PROJECT, "--project-directory", str(ROOT)]
    state["rabbitmq"]["rabbitmqctl"] = {
        "command": [*compose, "exec", "-T", "rabbitmq", "rabbitmqctl"],
        "env": _environment(state),
    }


def stop(state: State, *, purge: bool) -> None:
    """Stop both; `purge` removes their data too."""
    _must(state, *(["down", "--volumes"] if purge else ["stop", *SERVERS]))


def _must(state: State, *words: str) -> None:
    done = _compose(state, *words)
    if done.returncode:
        raise ServiceError(f"docker compose {words[0]} failed:\n{done.stdout[-2000:]}\nSee: docker compose logs")


def _compose(state: State, *words: str) -> subprocess.CompletedProcess[str]:
    return _run(["docker", "compose", "--project-name", PROJECT, *words], _environment(state))


def _environment(state: State) -> dict[str, str]:
    """What the compose file asks for, also for the services that are not started here."""
    ours = dict.fromkeys(("CONCLAVE_API_KEY", "GRAFANA_PASSWORD"), "not-started-here")
    for server in SERVERS:
        for name in ("password", "port"):
            ours[f"{server}_{name}".upper()] = str(state.get(server, {}).get(name, 1))
    return {**os.environ, **ours}


def _run(command: Sequence[str], env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
