"""Which model speaks, through which provider, with which settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.ports.provider import Provider


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A model that an analyst may ask.

    Args:
        provider, model: the vendor's name and the model's; together they are its lineage.
        takes_tools_with_schema: see `Provider`.
        options: sampling and context settings that are sent along.
        door: where requests go; None in a replay, where nothing is asked.
    """

    provider: str
    model: str
    takes_tools_with_schema: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    door: Provider | None = None

    @property
    def lineage(self) -> str:
        """What its votes have in common."""
        return f"{self.provider}:{self.model}"
