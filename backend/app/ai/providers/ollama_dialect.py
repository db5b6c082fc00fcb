"""Requests and answers as Ollama's chat writes them."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from app.ai.providers.schemas import MOST_TOOLS, flat
from app.ai.providers.whole import count, known_stop
from app.domain.completions import Answered, Completion, Heard, ModelRequest, Said, Stop, ToolSpec, ToolUse, Turn, Usage

STOPS: Mapping[str, Stop] = {"stop": "end", "length": "length"}
OPTIONS = frozenset(
    {"num_ctx", "seed", "temperature", "top_k", "top_p", "min_p", "repeat_penalty", "num_gpu", "num_thread", "stop"}
)


def payload(request: ModelRequest, defaults: Mapping[str, Any], keep_alive: float | str) -> dict[str, Any]:
    """Return the arguments of one chat; a schema goes only without tools, for it would keep them from being used."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request.system, request.turns),
        "options": options(request, defaults),
        "keep_alive": keep_alive,
    }
    if request.tools:
        body["tools"] = [_tool(each) for each in request.tools]
    elif request.schema is not None:
        body["format"] = dict(request.schema)
    return body


def options(request: ModelRequest, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the model runs with; samples of one request differ by their seed."""
    asked = {name: value for name, value in request.options.items() if name in OPTIONS}
    chosen = {**defaults, **asked, "num_predict": request.max_tokens}
    return {**chosen, "seed": chosen.get("seed", 0) + request.sample}


def completion(answer: Mapping[str, Any]) -> Completion:
    """Read the model's turn; one of another shape raises whatever reading it raises.

    Args:
        answer: the last part of a chat, with the message of all of them.
    """
    message = answer["message"]
    uses = tuple(
        ToolUse(f"call_{place}", call["function"]["name"], call["function"]["arguments"])
        for place, call in enumerate(message.get("tool_calls") or ())
    )
    stop = known_stop("Ollama", (answer.get("done_reason") or "stop") if answer.get("done") else None, STOPS)
    return Completion(
        text=message.get("content") or "",
        tool_uses=uses,
        stop="tool_use" if uses and stop == "end" else stop,
        usage=Usage(count(answer.get("prompt_eval_count")), count(answer.get("eval_count"))),
        model=answer["model"],
        content=message,
    )


def _messages(system: str, turns: Sequence[Turn]) -> list[dict[str, Any]]:
    standing = [{"role": "system", "content": system}] if system else []
    return standing + [message for turn in turns for message in _of_turn(turn)]


def _of_turn(turn: Turn) -> list[dict[str, Any]]:
    match turn:
        case Said(text):
            return [{"role": "user", "content": text}]
        case Heard(content):
            return [content]
        case Answered(answers):
            return [{"role": "tool", "tool_name": each.name, "content": each.content} for each in answers]


@lru_cache(MOST_TOOLS)
def _tool(spec: ToolSpec) -> Mapping[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": flat(spec.parameters)}
    return {"type": "function", "function": function}
