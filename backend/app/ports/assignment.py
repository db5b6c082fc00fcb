"""What a model's analyst is told beside the context, and where it leaves its papers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.model_calls import Exchange, ModelCall, RecordedAnswer


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """One analyst's part in one decision.

    Args:
        deadline: on the clock's monotonic scale; the opinion must be given by then, a fallback included.
        think: called with each piece of the model's text; None when nobody listens.
        model_calls, exchanges: to be appended to as they happen.
        recorded: answers to take instead of asking, in order; None asks.
    """

    agent_id: str
    symbol: str
    decision_id: str
    deadline: float
    think: Callable[[str], None] | None
    model_calls: list[ModelCall]
    exchanges: list[Exchange]
    recorded: Sequence[RecordedAnswer] | None = None
