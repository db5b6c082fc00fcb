"""The commands: `python3 -m scripts.services start | stop [--purge] | urls | run COMMAND...`."""

import argparse
import os
import shlex
import subprocess
import sys

from scripts.services import both, packages
from scripts.services.errors import ServiceError
from scripts.services.settings import State, load, locked, save, unused

SHOWN_AS = {"postgres": "POSTGRES_URL", "rabbitmq": "RABBITMQ_URL"}
TESTED_AS = {server: f"CONCLAVE_TEST_{name}" for server, name in SHOWN_AS.items()}


def main(words: list[str]) -> int:
    """Do one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start both servers and print their URLs")
    commands.add_parser("stop", help="stop them").add_argument("--purge", action="store_true", help="remove their data")
    commands.add_parser("urls", help="print the URLs of the servers that run")
    running = commands.add_parser("run", help="run a command with servers, and stop those that were started for it")
    running.add_argument("words", nargs=argparse.REMAINDER)
    asked = parser.parse_args(words)
    if asked.command == "run":
        return run(asked.words)
    return {"start": start, "stop": lambda: stop(purge=asked.purge), "urls": show}[asked.command]()


def start() -> int:
    """Start both and print what to put into the shell; 1 when one could not be started."""
    with locked():
        state, failures = both.start()
        save({**state, "kept": True})
    show()
    return _told(failures)


def stop(*, purge: bool = False) -> int:
    """Stop both."""
    with locked():
        both.stop(purge=purge)
    return 0


def show() -> int:
    """Print the URLs of what runs as lines for the shell."""
    for server, url in both.urls(load()).items():
        sys.stdout.write(f"export {SHOWN_AS[server]}={shlex.quote(url)}\n")
    return 0


def run(words: list[str]) -> int:
    """Run a command with the servers' URLs in its environment; return its exit code.

    A server that the environment names is not started. What was started stops with the last command that runs so.
    """
    wanted = tuple(server for server, name in TESTED_AS.items() if not os.environ.get(name))
    try:
        with locked("users", shared=True):
            found = _found(wanted) if wanted else {}
            return subprocess.run(words, env={**os.environ, **found}, check=False).returncode  # noqa: S603
    finally:  # after Ctrl-C too
        _let_go(wanted)


def _let_go(wanted: tuple[str, ...]) -> None:
    with locked():
        if wanted and not load().get("kept") and unused("users"):
            both.stop(purge=False)


def _found(wanted: tuple[str, ...]) -> dict[str, str]:
    with locked():
        state, failures = both.start(wanted)
        _told(failures + _programs(state))
    return {TESTED_AS[server]: url for server, url in both.urls(state).items() if server in wanted}


def _programs(state: State) -> list[str]:
    """Install what tests start themselves, where packages are the way; return why that failed."""
    if state["way"] != "packages":
        return []
    try:
        packages.needed("prometheus")
    except ServiceError as error:
        return [str(error)]
    return []


def _told(failures: list[str]) -> int:
    for failure in failures:
        sys.stderr.write(f"services: {failure}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
