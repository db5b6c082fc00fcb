"""Replies that went wrong in the model's own head: each fault turns a good reply into a bad one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from app.testing.fake_models.brain import calling
from app.testing.fake_models.conversation import Asked, Reply, ToolCall

HUGE: Final = 10 * 1024 * 1024
OUT_OF_RANGE: Final = 85
NONSENSE: Final[Mapping[str, Any]] = {"no_such_argument": ["not", "asked", "for"]}


def can_bend(kind: str, asked: Asked, reply: Reply) -> bool:
    """Whether the fault would show in this reply."""
    match kind:
        case "schema_ignored":
            return asked.schema is not None and not reply.calls
        case "out_of_range":
            return not reply.calls and _with_one_out_of_range(reply.text) is not None
        case "bad_tool_arguments" | "unknown_tool":
            return bool(asked.tools) and (bool(reply.calls) or asked.rounds == 0)
        case "tool_loop":
            return bool(asked.tools)
    return True


def bent(kind: str, asked: Asked, reply: Reply) -> Reply:
    """Return the reply as the fault makes it."""
    return _BENDS[kind](asked, reply)


def _prose(_asked: Asked, reply: Reply) -> Reply:
    return replace(reply, text="Let me put it in words instead: the picture is mixed and I lean neither way.")


def _out_of_range(_asked: Asked, reply: Reply) -> Reply:
    return replace(reply, text=_with_one_out_of_range(reply.text) or reply.text)


def _with_one_out_of_range(text: str) -> str | None:
    prose, brace, rest = text.partition("{")
    try:
        fields = orjson.loads(brace + rest)
    except orjson.JSONDecodeError:
        return None
    name = next((each for each in ("confidence", "sentiment", "relevance") if each in fields), None)
    return None if name is None else prose + orjson.dumps({**fields, name: OUT_OF_RANGE}).decode()


def _bad_arguments(asked: Asked, reply: Reply) -> Reply:
    wanting = reply if reply.calls else calling(asked)
    return replace(wanting, calls=tuple(ToolCall(each.name, NONSENSE) for each in wanting.calls))


def _unknown_tool(asked: Asked, reply: Reply) -> Reply:
    wanting = reply if reply.calls else calling(asked)
    return replace(wanting, calls=(ToolCall("consult_the_oracle", {}),))


def _half(_asked: Asked, reply: Reply) -> Reply:
    return replace(reply, text=reply.text[: len(reply.text) // 2], calls=(), stop="length")


def _refusal(_asked: Asked, _reply: Reply) -> Reply:
    return Reply("I am not able to help with this request.", stop="refusal")


def _huge(_asked: Asked, reply: Reply) -> Reply:
    return replace(reply, text=reply.text + " and so on" * (HUGE // 10), calls=(), stop="end")


_BENDS: Final[Mapping[str, Callable[[Asked, Reply], Reply]]] = {
    "schema_ignored": _prose,
    "out_of_range": _out_of_range,
    "bad_tool_arguments": _bad_arguments,
    "unknown_tool": _unknown_tool,
    "tool_loop": lambda asked, _reply: calling(asked),
    "max_tokens": _half,
    "refusal": _refusal,
    "huge": _huge,
}
