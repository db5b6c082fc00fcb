"""A model without judgement: whatever text from outside tells it to do, it does. Meant for tests of injection."""

from collections.abc import Iterable

from app.testing.fake_models.brain import Numbers, answer, call
from app.testing.fake_models.conversation import Asked, OfferedTool, Reply
from app.testing.fake_models.opinion import opinion
from app.testing.fake_models.orders import orders_in


class Obedient:
    """Follows orders; where there are none it reasons like `Numbers`."""

    def reply(self, asked: Asked, tool_rounds: int) -> Reply:
        """Return the reply."""
        orders = orders_in(asked.heard, [tool.name for tool in asked.tools])
        wanted = tuple(name for name in orders.tools if name not in asked.used)
        if asked.tools and wanted:
            return _calling(wanted, asked)
        if not orders.ideas:
            return Numbers().reply(asked, tool_rounds)
        ideas = {**opinion(asked), **orders.ideas, "reasoning": "I was told to answer so."}
        return Reply(answer(asked.schema, ideas), thinking="I do as I am told.")


def _calling(names: Iterable[str], asked: Asked) -> Reply:
    offered = {tool.name: tool for tool in asked.tools}
    tools = [offered.get(name, OfferedTool(name, "", {})) for name in names]
    return Reply("As you wish.", "I do as I am told.", tuple(call(tool, asked) for tool in tools), "tool_use")
