"""What decides on a reply: `numbers` reasons from the numbers it is told; `obedient` does what any text says."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import orjson

from app.testing.fake_models.conversation import Asked, OfferedTool, Reply, ToolCall
from app.testing.fake_models.json_filling import filled, required
from app.testing.fake_models.opinion import opinion
from app.testing.fake_models.readings import symbol

TOOLS_AT_ONCE: Final = 2
VOTE: Final = ("decision", "confidence", "reasoning", "risk", "position_size", "stop_loss", "take_profit")


class Brain(Protocol):
    """Replies to a request; the same request always gets the same reply."""

    def reply(self, asked: Asked, tool_rounds: int) -> Reply:
        """Return the reply; `tool_rounds` is how many turns it may spend on tools."""


class Numbers:
    """Uses tools first, then answers by the rule of `opinion`."""

    def reply(self, asked: Asked, tool_rounds: int) -> Reply:
        """Return the reply."""
        if asked.tools and asked.rounds < tool_rounds:
            return calling(asked)
        ideas = opinion(asked)
        return Reply(answer(asked.schema, ideas), thinking=f"The evidence is in. {ideas['reasoning']}")


def calling(asked: Asked) -> Reply:
    """Return a reply that asks for the next one or two tools on offer."""
    fresh = [tool for tool in asked.tools if tool.name not in asked.used] or list(asked.tools)
    chosen = fresh[: 1 if asked.single else TOOLS_AT_ONCE]
    names = " and ".join(tool.name for tool in chosen)
    return Reply(
        f"Before I judge I need {names}.",
        thinking=f"What I was told is not enough to judge. {names} should show more.",
        calls=tuple(call(tool, asked) for tool in chosen),
        stop="tool_use",
    )


def call(tool: OfferedTool, asked: Asked) -> ToolCall:
    """Return a call of the tool with arguments that its schema allows; the symbol is that of the conversation."""
    about = symbol((asked.told, *asked.heard)) or "AAPL"
    return ToolCall(tool.name, filled(required(tool.schema), {"symbol": about, "ticker": about}))


def answer(schema: Mapping[str, Any] | None, ideas: Mapping[str, Any]) -> str:
    """Return the ideas as the JSON that was asked for, or as prose that ends in it."""
    vote = orjson.dumps({name: ideas[name] for name in VOTE}).decode()
    if schema is None:
        return f"{ideas['reasoning']}\n\n{vote}"
    return orjson.dumps(filled(schema, ideas)).decode() if schema else vote
