"""Scenes for the model panel: what a model says, who listens to what it is asked, and the belts of analysts."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from app import plugins
from app.ai.model_panel.briefs import Brief
from app.ai.model_panel.correspondence import Archive, Correspondence
from app.ai.model_panel.model_analyst import ModelAnalyst
from app.ai.model_panel.seating import OFFERED, specs
from app.ai.model_panel.voices import Voice
from app.ai.providers.scripted import Script, ScriptedProvider
from app.ai.tool_belt import RecordedTools, SharedTools
from app.domain.completions import Completion, ModelRequest, ToolUse, Usage
from app.domain.market import AnalysisContext
from app.ports.assignment import Assignment
from app.ports.provider import Inquiry
from tests.builders import context, waves
from tests.unit.ai.providers.asked import StillClock

USAGE = Usage(100, 20)
LONG = context(waves(200))

Answers = Script | Callable[[ModelRequest], Completion]


def vote(decision: str = "BUY", confidence: Any = 0.7, **others: Any) -> dict[str, Any]:
    """A vote as a model writes it."""
    fields = {"decision": decision, "confidence": confidence, "reasoning": "ADX is 31.", "risk": 0.2}
    return {**fields, "position_size": 0.05, "stop_loss": None, "take_profit": None, **others}


def tone(sentiment: float = 0.6, relevance: float = 0.5, **others: Any) -> dict[str, Any]:
    """The news as a model reads it."""
    reading = {
        "sentiment": sentiment,
        "relevance": relevance,
        "event": "earnings",
        "reasoning": "Estimates were beaten.",
    }
    return {**reading, **others}


def said(what: Any, stop: str = "end", usage: Usage = USAGE, **others: Any) -> Completion:
    """A model's words; anything but text is written as JSON."""
    text = what if isinstance(what, str) else orjson.dumps(what).decode()
    return Completion(text, (), stop, usage, "m-1", content=[{"type": "text", "text": text}], **others)


def wants(*uses: tuple[str, dict[str, Any]], text: str = "") -> Completion:
    """A model that wants tools used."""
    asked = tuple(ToolUse(f"use_{number}", name, arguments) for number, (name, arguments) in enumerate(uses))
    return Completion(text, asked, "tool_use", USAGE, "m-1", content=[{"uses": [each.name for each in asked]}])


class Listening(ScriptedProvider):
    """Says what it was told to say and remembers what it was asked."""

    def __init__(self, script: Answers, name: str = "scripted", takes_tools_with_schema: bool = True) -> None:
        super().__init__(script, name, takes_tools_with_schema)
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the next answer."""
        self.requests.append(request)
        return await super().complete(request, inquiry)


class Silent(Listening):
    """Never answers; `was_asked` tells that a request came."""

    def __init__(self, name: str = "scripted", takes_tools_with_schema: bool = True) -> None:
        super().__init__([], name, takes_tools_with_schema)
        self.was_asked = asyncio.Event()

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Wait for what never comes."""
        self.requests.append(request)
        self.was_asked.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


def voice(door: ScriptedProvider | None, model: str = "m-1", **options: Any) -> Voice:
    """A model behind a door."""
    if door is None:
        return Voice("scripted", model, True, options)
    return Voice(door.name, model, door.takes_tools_with_schema, options, door)


def archive(keeps: bool = True, dollars: str | None = "0.01") -> Archive:
    """An archive where everything costs the same, or nothing has a price."""
    return Archive(lambda provider, model, usage: None if dollars is None else Decimal(dollars), keeps)


def assignment(agent: str = "market_analyst_AAPL", **others: Any) -> Assignment:
    """What an analyst is told beside the context."""
    fields = {"symbol": "AAPL", "decision_id": "d-1", "deadline": 130.0, "think": None}
    return Assignment(agent, **{**fields, "model_calls": [], "exchanges": [], **others})


def belt(analyst: Any, seen: AnalysisContext = LONG, **others: Any) -> RecordedTools:
    """The tool belt of an analyst, with an assignment."""
    made = SharedTools(seen, StillClock()).belt_of(analyst, f"{analyst.role}_AAPL")
    made.assignment = assignment(f"{analyst.role}_AAPL", **others)
    return made


def correspondence(door: ScriptedProvider | None, told: Assignment | None = None, **others: Any) -> Correspondence:
    """The correspondence of one analyst."""
    return Correspondence(voice(door), told or assignment(), others.pop("archive", archive()), StillClock(), **others)


def twin(role: str) -> Any:
    """The rule-based analyst of a role."""
    return plugins.load("analyst", role)()


def analyst(door: ScriptedProvider | None, role: str = "market_analyst", **others: Any) -> ModelAnalyst:
    """An analyst that asks a model."""
    fields = {"offered": specs(OFFERED), "archive": archive(), "clock": StillClock(), **others}
    return ModelAnalyst(fields.pop("twin", None) or twin(role), voice(door), Brief.of(role), **fields)


def words(request: ModelRequest) -> str:
    """Everything that a request says, as one text."""
    from app.ai.model_panel.request_keys import canonical_request

    return canonical_request(request).decode()


def kinds(calls: Sequence[Any]) -> list[str | None]:
    """How questions to models ended."""
    return [call.error_kind for call in calls]
