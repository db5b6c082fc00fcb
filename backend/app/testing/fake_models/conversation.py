"""What is asked of a stand-in for a model and what it replies, in no vendor's dialect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Stop = Literal["end", "tool_use", "length", "refusal"]
LETTERS_PER_TOKEN = 4


class RefusedError(Exception):
    """A vendor would not take the request.

    Args:
        status: the HTTP status it answers with.
        kind: the vendor's word for the error, where the status alone does not tell.
    """

    def __init__(self, status: int, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as the model sees it; `schema` describes its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A wish to use a tool."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as far as it matters to the answer.

    Args:
        told: standing instructions.
        heard: everything else that was said to the model, tool results included, oldest first.
        used: names of the tools it has called so far; `rounds` counts the turns in which it did.
        schema: JSON schema of the answer; None asks for prose, an empty one for any JSON object.
        budget: most tokens it may write.
        thinks: whether it thinks before it speaks; `hides_thinking` keeps the words of it to itself.
        single: whether it may call only one tool at a time.
        extras: what only the vendor's own writer needs.
        digest: hexadecimal, equal for equal requests; what looks random is made of it.
    """

    model: str
    told: str
    heard: tuple[str, ...]
    tools: tuple[OfferedTool, ...] = ()
    used: tuple[str, ...] = ()
    rounds: int = 0
    schema: Mapping[str, Any] | None = None
    stream: bool = False
    budget: int | None = None
    thinks: bool = False
    hides_thinking: bool = False
    single: bool = False
    extras: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says."""

    text: str
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: Stop = "end"


def tokens(text: str) -> int:
    """Return about how many tokens a text has: one for every four letters."""
    return -(-len(text) // LETTERS_PER_TOKEN)


def parts(text: str, pieces: int = 200, least: int = 24) -> list[str]:
    """Return a text in the fragments in which a model would stream it."""
    step = max(least, -(-len(text) // pieces))
    return [text[start : start + step] for start in range(0, len(text), step)]
