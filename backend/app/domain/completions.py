"""What is said to a model and what it says back, in no vendor's dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import orjson

Stop = Literal["end", "tool_use", "length", "refusal"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is offered it; it can be a key, for name and description tell most tools apart.

    Args:
        parameters: JSON schema of a flat object.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A model's wish to use a tool; `id` pairs it with its answer and is made up where the vendor gives none."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of a wish: `content` is JSON text, or says what was wrong when `is_error`."""

    use_id: str
    name: str
    content: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """Our words to the model."""

    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn of the model, in the vendor's own form, to be sent back unchanged."""

    content: Any


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to all the tool wishes of the turn before, in their order."""

    answers: tuple[ToolAnswer, ...]


Turn = Said | Heard | Answered


@dataclass(frozen=True)
class ModelRequest:
    """One request to a model.

    Args:
        provider, model: who is asked.
        system: standing instructions; text from outside never stands here.
        turns: the conversation so far, ending with `Said` or `Answered`.
        tools: offered, never forced; empty offers none.
        schema: JSON schema that the final text must follow; None asks for free text.
        max_tokens: most that may be written.
        options: sampling and context settings; providers that take none ignore them.
        prompt: id and version of the prompt, such as `market_analyst@1.0.0`.
        sample: tells apart repeated requests that are otherwise equal.
    """

    provider: str
    model: str
    system: str
    turns: tuple[Turn, ...]
    tools: tuple[ToolSpec, ...] = ()
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 2_048
    options: Mapping[str, Any] = field(default_factory=dict)
    prompt: str = ""
    sample: int = 0

    @cached_property
    def written(self) -> bytes:
        """The request as sorted JSON, which names it, is kept, and tells how long it is."""
        return orjson.dumps(request_as_dict(self), option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the vendor counted them; `cache_read` and `cache_write` are parts of `input_tokens`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total(self) -> int:
        """All tokens, in and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that a search-backed model names."""

    title: str
    url: str
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said in answer to one request.

    Args:
        text: the words meant for us, without its thinking.
        tool_uses: tools it wants used before it goes on.
        content: its turn in the vendor's own JSON form, to be echoed as `Heard`.
        model: as the vendor names it in the answer.
        is_kept: whether it was given at another time and nobody was asked now; not part of what is kept.
        stand_in: the model that answered where the one that was asked took too long; None when that one answered.
    """

    text: str
    tool_uses: tuple[ToolUse, ...]
    stop: Stop
    usage: Usage
    model: str
    content: Any = None
    citations: tuple[Citation, ...] = ()
    is_kept: bool = False
    stand_in: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the completion as it is kept."""
        told: dict[str, Any] = {
            "text": self.text,
            "tool_uses": [{"id": each.id, "name": each.name, "arguments": each.arguments} for each in self.tool_uses],
            "stop": self.stop,
            "usage": {
                "input_tokens": self.usage.input_tokens,
                "output_tokens": self.usage.output_tokens,
                "cache_read_tokens": self.usage.cache_read_tokens,
                "cache_write_tokens": self.usage.cache_write_tokens,
            },
            "model": self.model,
            "content": self.content,
            "citations": [{"title": each.title, "url": each.url, "date": each.date} for each in self.citations],
        }
        return told if self.stand_in is None else {**told, "stand_in": self.stand_in}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Completion":
        """Read what `as_dict` wrote."""
        return cls(
            text=fields["text"],
            tool_uses=tuple(ToolUse(**each) for each in fields["tool_uses"]),
            stop=fields["stop"],
            usage=Usage(**fields["usage"]),
            model=fields["model"],
            content=fields["content"],
            citations=tuple(Citation(**each) for each in fields["citations"]),
            stand_in=fields.get("stand_in"),
        )


def turn_as_dict(turn: Turn) -> dict[str, Any]:
    """Return a turn as it is hashed and kept."""
    match turn:
        case Said(text):
            return {"said": text}
        case Heard(content):
            return {"heard": content}
        case Answered(answers):
            return {"answered": [_answer(each) for each in answers]}


def _answer(each: ToolAnswer) -> dict[str, Any]:
    return {"use_id": each.use_id, "name": each.name, "content": each.content, "is_error": each.is_error}


def request_as_dict(request: ModelRequest) -> dict[str, Any]:
    """Return a request as it is hashed and kept: everything that can change the answer, and no key or header."""
    return {
        "provider": request.provider,
        "model": request.model,
        "system": request.system,
        "turns": [turn_as_dict(each) for each in request.turns],
        "tools": _specs(request.tools),
        "schema": request.schema,
        "max_tokens": request.max_tokens,
        "options": dict(request.options),
        "prompt": request.prompt,
        "sample": request.sample,
    }


def _specs(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    return [{"name": each.name, "description": each.description, "parameters": each.parameters} for each in tools]
