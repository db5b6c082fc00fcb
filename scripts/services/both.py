"""Both servers together: start, stop, where they listen."""

import os
import shutil
from pathlib import Path

from scripts.services import docker, postgres, processes, rabbitmq
from scripts.services.errors import ServiceError
from scripts.services.ports import is_free
from scripts.services.settings import State, home, load, save

SERVERS = {"postgres": postgres, "rabbitmq": rabbitmq}


def start(wanted: tuple[str, ...] = tuple(SERVERS)) -> tuple[State, list[str]]:
    """Start what of `wanted` is not running; return the state and why what failed did."""
    state = load()
    state["way"] = _way(state)
    failures = _contained(state) if state["way"] == "docker" else _own(state, wanted)
    save(state)
    return state, failures


def stop(*, purge: bool) -> None:
    """End what was started; `purge` removes data, passwords and ports too."""
    state = load()
    state.pop("kept", None)
    if state.get("way") == "docker":
        docker.stop(state, purge=purge)
    else:
        rabbitmq.stop(state)
        postgres.stop(state)
    save(state)
    if purge:
        shutil.rmtree(Path(state.get("data", home())), ignore_errors=True)
        shutil.rmtree(home(), ignore_errors=True)


def urls(state: State) -> dict[str, str]:
    """Return where the servers that run listen, by server."""
    return {name: url(name, state[name]) for name in SERVERS if _runs(state, name)}


def url(name: str, mine: State) -> str:
    """Return where the server `name` listens, whether or not it runs."""
    scheme, path = {"postgres": ("postgresql", "conclave"), "rabbitmq": ("amqp", "%2F")}[name]
    return f"{scheme}://conclave:{mine['password']}@127.0.0.1:{mine['port']}/{path}"


def _runs(state: State, name: str) -> bool:
    mine = state.get(name, {})
    if state.get("way") == "docker":
        return "port" in mine and not is_free(mine["port"])
    return processes.is_alive(mine.get("process"))


def _way(state: State) -> str:
    """Who runs the servers: whoever does already, else an engine where one answers, else Debian's packages."""
    if any(_runs(state, name) for name in SERVERS):
        return str(state["way"])
    return os.environ.get("CONCLAVE_SERVICES_WAY") or ("docker" if docker.engine_answers() else "packages")


def _contained(state: State) -> list[str]:
    try:
        docker.start(state)
    except ServiceError as error:
        return [str(error)]
    return []


def _own(state: State, wanted: tuple[str, ...]) -> list[str]:
    failures = []
    for name in wanted:
        try:
            SERVERS[name].start(state)
        except ServiceError as error:
            failures.append(str(error))
        save(state)
    return failures
