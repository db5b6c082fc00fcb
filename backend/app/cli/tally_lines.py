"""A stream of panels, one JSON line each, decided one after the other without holding more than one."""

import gc
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, Final

import orjson

from app.cli.endings import BAD_INPUT, DONE
from app.cli.inputs import opened_bytes
from app.consensus.config import ConsensusConfig
from app.consensus.engine import decide
from app.domain.errors import InvalidInputError

REMEMBERED_CONFIGS: Final = 1_000
RARELY: Final = 100_000
"""New objects between two searches for garbage: a line leaves none that counting references does not free."""


def tally_file(name: str) -> int:
    """Decide every line of a file or of standard input; return the exit code.

    Raises:
        InvalidInputError: the file cannot be opened.
    """
    gc.set_threshold(RARELY)
    with opened_bytes(name) as file:
        return tally_lines(file, sys.stdout.buffer)


def tally_lines(lines: Iterable[bytes], out: BinaryIO) -> int:
    """Write one line of output for each line that is not blank, and hand it on before the next is read."""
    configs = _Configs()
    used = refused = 0
    for line in lines:
        if line.isspace():
            continue
        answer = _answer(line, configs)
        refused, used = (refused + 1, used) if "error" in answer else (refused, used + 1)
        out.write(as_json(answer) + b"\n")
        out.flush()
    return BAD_INPUT if refused and not used else DONE


def as_json(value: dict[str, Any]) -> bytes:
    """Return JSON; an id or agent that orjson cannot express is escaped by the standard library instead."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _answer(line: bytes, configs: "_Configs") -> dict[str, Any]:
    try:
        panel = json.loads(line)
    except (ValueError, RecursionError):
        return _refused("The line is no JSON.")
    if not isinstance(panel, dict):
        return _refused('The line is no JSON object {"id", "votes", "config"}.')
    if isinstance(panel.get("id"), dict | list):
        return _refused("The id must be text or a number.")
    try:
        return {"id": panel.get("id"), **_decided(panel, configs)}
    except InvalidInputError as error:
        return _refused(str(error), panel.get("id"))
    except RecursionError:
        return _refused("The line is nested too deeply.", panel.get("id"))


def _decided(panel: Mapping[str, Any], configs: "_Configs") -> dict[str, Any]:
    votes: Any = panel.get("votes")
    return decide(votes, configs.of(panel.get("config"))).as_dict()


def _refused(why: str, panel_id: object = None) -> dict[str, Any]:
    return {"id": panel_id, "error": why}


class _Configs:
    """Remembers configurations that were read before: a stream repeats a few of them many times."""

    def __init__(self) -> None:
        self._known: dict[str, ConsensusConfig] = {}

    def of(self, settings: object) -> ConsensusConfig:
        """Return the configuration, checked once for each text.

        Raises:
            InvalidInputError: a setting cannot be used.
        """
        text = repr(settings)
        if text not in self._known:
            if len(self._known) >= REMEMBERED_CONFIGS:
                self._known.clear()
            self._known[text] = ConsensusConfig.of(settings)
        return self._known[text]
