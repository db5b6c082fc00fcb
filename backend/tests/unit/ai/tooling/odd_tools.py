"""Tools with one trait each, and how to put them on the plugin table for a test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, ClassVar

from pydantic import Field

from app import plugins
from app.ports.analyst import ToolArguments
from tests.builders import ScriptedAnalyst


class Wish(ToolArguments):
    """One bounded number."""

    depth: Annotated[int, Field(ge=1, le=5)] = 3


class Odd:
    """A tool of which a test makes others."""

    description = "As the test wants it."
    arguments = Wish


class Patient(Odd):
    """Asynchronous; answers once `gate` is open."""

    name = "patient"
    asked = asyncio.Event()
    gate = asyncio.Event()
    runs = 0
    ended: ClassVar[list[str]] = []

    async def run(self, context, depth):
        """Wait for the gate."""
        Patient.runs += 1
        Patient.asked.set()
        try:
            await Patient.gate.wait()
        except asyncio.CancelledError:
            Patient.ended.append("cancelled")
            raise
        Patient.ended.append("done")
        return {"depth": depth}


class Blocking(Odd):
    """Synchronous and not quick; blocks until `gate` is open, and notes its thread."""

    name = "blocking"
    gate = threading.Event()
    thread = ""

    def run(self, context, depth):
        """Block on the gate."""
        Blocking.thread = threading.current_thread().name
        Blocking.gate.wait()
        return {"depth": depth}


class Failing(Odd):
    """Asynchronous; fails with a text that nobody may see."""

    name = "failing"
    runs = 0

    async def run(self, context, depth):
        """Fail."""
        Failing.runs += 1
        raise RuntimeError("secret detail")


class Saying(Odd):
    """Quick; returns what the test wants."""

    name = "saying"
    quick = True
    answer: object = None

    def run(self, context, depth):
        """Say it."""
        return Saying.answer


class Outside(Odd):
    """Looks outside, so that it gives another answer each time."""

    name = "outside"
    quick = True
    recomputable = False
    runs = 0

    def run(self, context, depth):
        """Count up."""
        Outside.runs += 1
        return {"run": Outside.runs}


class Bare:
    """Declares no more than it must: no arguments, not quick."""

    name = "bare"
    description = "Plain."

    def run(self, context):
        """Answer."""
        return {"answer": 42}


ODD = (Patient, Blocking, Failing, Saying, Outside, Bare)


class Curious(ScriptedAnalyst):
    """May reach for every odd tool and a few of the desk's."""

    tools = (*(each.name for each in ODD), "compute_indicators", "get_bars", "get_position", "missing_tool")


@contextmanager
def odd_tools_installed(monkeypatch) -> Iterator[None]:
    """Put the odd tools on the table, fresh, and take them off again."""
    Patient.asked, Patient.gate, Patient.runs, Patient.ended = asyncio.Event(), asyncio.Event(), 0, []
    Blocking.gate, Blocking.thread = threading.Event(), ""
    Failing.runs = Outside.runs = 0
    try:
        with monkeypatch.context() as patch:
            for each in ODD:
                patch.setitem(plugins.BUILT_IN["tool"], each.name, f"{each.__module__}:{each.__name__}")
            plugins.names.cache_clear()
            yield
    finally:
        plugins.names.cache_clear()
        Blocking.gate.set()
