"""What the tests of the fake models say to them: requests like Conclave's, through the vendors' own clients."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import ollama
from anthropic import AsyncAnthropic

from app.testing.fake_models.server import FakeModels

CLAUDE, LLAMA = "claude-sonnet-5-5", "llama3.2"
NUMBERS = '{"symbol": "AAPL", "current_price": 101.5}'
EVIDENCE = '{"values": {"rsi_14": 41.5, "sma_20": 99.1, "roc_10": 4.2, "atr_14": 1.5}}'


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def nullable(kind: str) -> dict[str, Any]:
    return {"anyOf": [{"type": kind}, {"type": "null"}]}


VOTE = an_object(
    decision={"type": "string", "enum": ["STRONG_BUY", "BUY", "HOLD", "SELL", "STRONG_SELL", "ABSTAIN"]},
    confidence={"type": "number"},
    reasoning={"type": "string"},
    risk={"type": "number"},
    position_size=nullable("number"),
    stop_loss=nullable("number"),
    take_profit=nullable("number"),
)
NO_ARGUMENTS = an_object()


def claude_tool(name: str = "compute_indicators", schema: Mapping[str, Any] = NO_ARGUMENTS, **more: Any) -> Any:
    return {"name": name, "description": "All indicators.", "input_schema": schema, "strict": True, **more}


def ollama_tool(name: str = "compute_indicators", schema: Mapping[str, Any] = NO_ARGUMENTS) -> Any:
    return {"type": "function", "function": {"name": name, "description": "All indicators.", "parameters": schema}}


def said(text: str = NUMBERS) -> list[Any]:
    return [{"role": "user", "content": text}]


def wanting(schema: Mapping[str, Any] = VOTE) -> dict[str, Any]:
    return {"format": {"type": "json_schema", "schema": schema}}


def a_request(**changes: Any) -> dict[str, Any]:
    """A request to Claude; a change to None leaves the field out."""
    fields = {"model": CLAUDE, "max_tokens": 2_048, "messages": said(), **changes}
    return {name: value for name, value in fields.items() if value is not None}


def answered(message: Any, evidence: str = EVIDENCE) -> list[Any]:
    """The turn of Claude and the results of its tool calls."""
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": evidence}
        for block in message.content
        if block.type == "tool_use"
    ]
    return [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@asynccontextmanager
async def claude(fakes: FakeModels, **options: Any) -> AsyncIterator[AsyncAnthropic]:
    settings = {"base_url": fakes.anthropic_url, "api_key": fakes.key, "max_retries": 0, "timeout": 10.0, **options}
    async with AsyncAnthropic(**settings) as client:
        yield client


@asynccontextmanager
async def llama(fakes: FakeModels, **options: Any) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(host=fakes.ollama_url, **{"timeout": 10.0, **options}) as client:
        yield client


@asynccontextmanager
async def perplexity(fakes: FakeModels, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = {"base_url": fakes.perplexity_url, "headers": {"Authorization": f"Bearer {fakes.key}"}, **options}
    async with httpx.AsyncClient(timeout=10.0, **settings) as client:
        yield client


def a_search(text: str = "What is new about symbol AAPL? As of 2026-05-04.", **changes: Any) -> dict[str, Any]:
    return {"model": "sonar", "messages": said(text), **changes}
