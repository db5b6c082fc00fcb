"""RabbitMQ for one checkout: own node, own cookie, own port mapper, loopback alone, no plugins."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

from scripts.services import amqp, processes
from scripts.services.data import folder_of, private
from scripts.services.errors import ServiceError
from scripts.services.packages import needed
from scripts.services.ports import LOOPBACK, keep_or_pick
from scripts.services.settings import State, password

USER = "conclave"
RUNS_AS = "rabbitmq"
LOOPBACK_NODE = "-kernel inet_dist_use_interface {127,0,0,1}"
CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{port}
default_user = conclave
default_pass = {password}
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = info
log.file = false
"""


def start(state: State) -> None:
    """Start it and return when it has opened a connection.

    Raises:
        ServiceError: names what is missing, or the log.
    """
    mine: dict[str, Any] = state.setdefault("rabbitmq", {})
    programs = needed("rabbitmq-server")
    folder = folder_of(state, "rabbitmq", RUNS_AS)
    log = folder / "rabbitmq.log"
    if not processes.is_alive(mine.get("process")):
        _start(programs, folder, log, mine)
    processes.wait_ready("RabbitMQ", mine["process"], log, lambda: _answers(mine), patience_s=120)


def _start(programs: Path, folder: Path, log: Path, mine: dict[str, Any]) -> None:
    mine.setdefault("password", password())
    processes.end(mine.get("mapper"), signal.SIGTERM)
    for port in ("port", "node_port", "mapper_port"):
        mine[port] = keep_or_pick(mine.get(port))
    _write_files(folder, mine)
    environment = _environment(folder, mine)
    mine["rabbitmqctl"] = {"command": [*processes.as_user(RUNS_AS), str(programs / "rabbitmqctl")], "env": environment}
    mine["mapper"] = processes.spawn(
        [*processes.as_user(RUNS_AS), _mapper()], folder / "mapper.log", environment, folder
    )
    command = [*processes.as_user(RUNS_AS), str(programs / "rabbitmq-server")]
    mine["process"] = processes.spawn(command, log, environment, folder)


def stop(state: State) -> None:
    """End the node, then its port mapper."""
    mine = state.get("rabbitmq", {})
    processes.end(mine.pop("process", None), signal.SIGTERM)
    processes.end(mine.pop("mapper", None), signal.SIGTERM)


def _write_files(folder: Path, mine: dict[str, Any]) -> None:
    private(folder / "rabbitmq.conf", CONFIGURATION.format(**mine), RUNS_AS)
    private(folder / "enabled_plugins", "[].\n", RUNS_AS)
    if not (folder / ".erlang.cookie").exists():
        private(folder / ".erlang.cookie", password(), RUNS_AS)


def _environment(folder: Path, mine: dict[str, Any]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "RABBITMQ_NODENAME": "conclave@localhost",
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_DIST_PORT": str(mine["node_port"]),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{LOOPBACK_NODE} -start_epmd false",
        "RABBITMQ_CTL_ERL_ARGS": LOOPBACK_NODE,
        "ERL_EPMD_PORT": str(mine["mapper_port"]),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        # The start script then becomes the server instead of staying as its parent.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _mapper() -> str:
    """Erlang's port mapper, started as a process that is known; Erlang itself would start one and leave it behind."""
    found = shutil.which("epmd")
    if found is None:
        raise ServiceError("Erlang's epmd is missing; install the package erlang-base.")
    return found


def _answers(mine: dict[str, Any]) -> bool:
    return amqp.accepts(mine["port"], USER, mine["password"])
