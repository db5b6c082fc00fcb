"""Who can be asked for words: a model behind a vendor's door, or something that stands in for one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.domain.completions import Completion, ModelRequest


@dataclass(slots=True)
class Inquiry:
    """For whom requests are made and how long they may take; one analyst has one for one decision.

    Args:
        deadline: on the clock's monotonic scale; nothing is asked or waited for beyond it.
        heard: called with each piece of text or thinking as it arrives; None when nobody listens.
        failed_requests: attempts that gave no usable answer so far; after the second nothing is tried again.
        spared_requests: attempts that neither answered nor failed, for another model was faster.
    """

    symbol: str
    agent_id: str
    decision_id: str
    deadline: float
    heard: Callable[[str], None] | None = None
    failed_requests: int = 0
    spared_requests: int = 0


class Provider(Protocol):
    """Answers requests; one attempt per call unless it is a wrapper that says otherwise."""

    @property
    def name(self) -> str:
        """The vendor's name, as it stands in records: `anthropic`, `ollama`, …"""

    @property
    def takes_tools_with_schema(self) -> bool:
        """Whether one request may carry tools and a schema; where not, tools are asked first and the schema last."""

    @property
    def is_billed(self) -> bool:
        """Whether the vendor charges for tokens."""

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn, checked to be whole: known stop, text or tool uses.

        Raises:
            ProviderError: there is none; `kind` says why, in words that never hold a key or the request.
        """

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
