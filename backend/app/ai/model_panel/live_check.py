"""Whether a model can do what is asked of it: a round trip with a tool and one with a schema, or a search."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import orjson

from app.ai.model_panel.voices import Voice
from app.domain.completions import Answered, Completion, Heard, ModelRequest, Said, ToolAnswer, ToolSpec
from app.domain.errors import ProviderError
from app.ports.clock import Clock
from app.ports.provider import Inquiry

Trip: TypeAlias = Callable[[Voice, Inquiry], Awaitable[str | None]]
"""Asks, and returns what was wrong with the answer."""

TIME_S: Final = 60.0
SYSTEM: Final = "You are being checked. Do exactly what is asked, briefly."
LOOK_UP: Final = ToolSpec(
    "look_up_close",
    "The last closing price of a symbol.",
    {
        "type": "object",
        "properties": {"symbol": {"type": "string", "description": "such as AAPL"}},
        "required": ["symbol"],
        "additionalProperties": False,
    },
)
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"decision": {"type": "string", "enum": ["BUY", "HOLD", "SELL"]}, "confidence": {"type": "number"}},
    "required": ["decision", "confidence"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One round trip.

    Args:
        what: `tool round trip`, `schema round trip` or `search`.
        problem: what failed and why; None when it worked.
        seconds: it took.
    """

    what: str
    problem: str | None
    seconds: float


async def check_live(voice: Voice, clock: Clock) -> tuple[Check, Check]:
    """Ask a model that may vote for real; this costs a few hundred tokens."""
    with_tool = await _made("tool round trip", _tool_trip, voice, clock)
    return with_tool, await _made("schema round trip", _schema_trip, voice, clock)


async def check_search(voice: Voice, clock: Clock) -> Check:
    """Have a model that searches news do so for real; this costs a few hundred tokens and a search."""
    return await _made("search", _search_trip, voice, clock)


async def _made(what: str, trip: Trip, voice: Voice, clock: Clock) -> Check:
    began = clock.monotonic()
    try:
        problem = await trip(voice, Inquiry("", "doctor", "doctor", began + TIME_S))
    except ProviderError as error:
        problem = f"{error.kind}: {error.public}"
    return Check(what, problem, clock.monotonic() - began)


async def _tool_trip(voice: Voice, inquiry: Inquiry) -> str | None:
    asked = _request(voice, "Look up the last close of AAPL with the tool, then tell it in one sentence.")
    asked = replace(asked, tools=(LOOK_UP,))
    first = await _complete(voice, asked, inquiry)
    if not first.tool_uses:
        return "it was offered a tool, told to use it, and did not"
    wanted = first.tool_uses[0]
    if wanted.name != LOOK_UP.name:
        return "it asked for a tool that it was not offered"
    if not isinstance(wanted.arguments.get("symbol"), str):
        return "it asked for the tool with arguments that do not fit its schema"
    answers = tuple(ToolAnswer(use.id, use.name, '{"close": 123.45}') for use in first.tool_uses)
    again = replace(asked, turns=(*asked.turns, Heard(first.content), Answered(answers)))
    second = await _complete(voice, again, inquiry)
    return None if second.text.strip() or second.tool_uses else "it said nothing once the tool had answered"


async def _schema_trip(voice: Voice, inquiry: Inquiry) -> str | None:
    asked = _request(voice, "Answer with the JSON object of a HOLD of confidence 0.5.")
    completion = await _complete(voice, replace(asked, schema=SCHEMA), inquiry)
    try:
        answer = orjson.loads(completion.text)
    except orjson.JSONDecodeError:
        return "its answer is no JSON: it ignores the schema"
    return None if _fits(answer) else "its JSON does not follow the schema"


async def _search_trip(voice: Voice, inquiry: Inquiry) -> str | None:
    asked = _request(voice, "What was published in the last days about the listed asset AAPL?")
    return None if (await _complete(voice, asked, inquiry)).citations else "its answer names no source"


def _fits(answer: Any) -> bool:
    if not isinstance(answer, dict) or answer.get("decision") not in ("BUY", "HOLD", "SELL"):
        return False
    sureness = answer.get("confidence")
    return isinstance(sureness, int | float) and not isinstance(sureness, bool)


async def _complete(voice: Voice, request: ModelRequest, inquiry: Inquiry) -> Completion:
    if voice.door is None:
        raise ProviderError("unsupported", "No provider is there to be asked.")
    return await voice.door.complete(request, inquiry)


def _request(voice: Voice, words: str) -> ModelRequest:
    return ModelRequest(
        voice.provider, voice.model, SYSTEM, (Said(words),), max_tokens=1_024, options=voice.options, prompt="doctor"
    )
