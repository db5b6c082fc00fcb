"""Requests and answers as Perplexity's chat completions write them."""

from collections.abc import Mapping
from typing import Any

from app.ai.providers.whole import count, known_stop
from app.domain.completions import Answered, Citation, Completion, Heard, ModelRequest, Said, Stop, Turn, Usage
from app.domain.errors import ProviderError

STOPS: Mapping[str, Stop] = {"stop": "end", "length": "length"}
OPTIONS = frozenset({"search_recency_filter", "search_domain_filter"})
THOUGHT = "</think>"


def payload(request: ModelRequest, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of the request."""
    standing = [{"role": "system", "content": request.system}] if request.system else []
    chosen = {name: value for name, value in {**defaults, **request.options}.items() if name in OPTIONS}
    return {
        "model": request.model,
        "max_tokens": request.max_tokens,
        "messages": standing + [_message(turn) for turn in request.turns],
        **chosen,
    }


def completion(answer: Mapping[str, Any]) -> Completion:
    """Read the model's turn; one of another shape raises whatever reading it raises."""
    choice = answer["choices"][0]
    content = choice["message"]["content"]
    usage = answer.get("usage") or {}
    return Completion(
        text=_without_thinking(content),
        tool_uses=(),
        stop=known_stop("Perplexity", choice.get("finish_reason"), STOPS),
        usage=Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))),
        model=answer["model"],
        content={"role": "assistant", "content": content},
        citations=_citations(answer),
    )


def _message(turn: Turn) -> dict[str, Any]:
    match turn:
        case Said(text):
            return {"role": "user", "content": text}
        case Heard(content):
            return dict(content)
        case Answered():
            raise ProviderError("unsupported", "Perplexity takes no answers of tools.")


def _without_thinking(content: str) -> str:
    """Its reasoning models think aloud at the head of the text."""
    _, thought, said = content.partition(THOUGHT)
    return said.lstrip() if thought and content.startswith("<think>") else content


def _citations(answer: Mapping[str, Any]) -> tuple[Citation, ...]:
    """Search results say more than citations, which are bare addresses."""
    found = answer.get("search_results")
    if found:
        return tuple(Citation(str(each.get("title") or each["url"]), each["url"], each.get("date")) for each in found)
    return tuple(Citation(url, url) for url in answer.get("citations") or ())
