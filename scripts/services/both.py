"""Both servers together: start, stop, where they listen."""

import shutil
from pathlib import Path

from scripts.services import docker, postgres, processes, rabbitmq
from scripts.services.errors import ServiceError
from scripts.services.settings import State, home, load, save

SERVERS = {"postgres": postgres, "rabbitmq": rabbitmq}


def start(wanted: tuple[str, ...] = tuple(SERVERS)) -> tuple[State, list[str]]:
    """Start what of `wanted` is not running; return the state and why what failed did."""
    state = load()
    state["way"] = state.get("way") if _any_runs(state) else "docker" if docker.engine_answers() else "packages"
    failures = _contained(state) if state["way"] == "docker" else _own(state, wanted)
    save(state)
    return state, failures


def stop(*, purge: bool) -> None:
    """End what was started; `purge` removes data, passwords and ports too."""
    state = load()
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
    return {name: _url(name, state[name]) for name in SERVERS if _runs(state, name)}


def _url(name: str, mine: State) -> str:
    scheme, path = {"postgres": ("postgresql", "conclave"), "rabbitmq": ("amqp", "%2F")}[name]
    return f"{scheme}://conclave:{mine['password']}@127.0.0.1:{mine['port']}/{path}"


def _runs(state: State, name: str) -> bool:
    if state.get("way") == "docker":
        return "port" in state.get(name, {})
    return processes.is_alive(state.get(name, {}).get("process"))


def _any_runs(state: State) -> bool:
    return state.get("way") == "packages" and any(_runs(state, name) for name in SERVERS)


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
