"""Who sits on the panel: rules, models or both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.ports.analyst import Analyst


@dataclass(frozen=True, slots=True, eq=False)
class Seats:
    """Everybody who can be asked.

    Args:
        analysts: by seat; a seat is the role, or the role and `_rules` for the rule-based twin of a model.
        resolved: how that was settled, as it stands in the record.
        flags: doubts, such as `no_model` where one was asked for and is not there.
    """

    analysts: Mapping[str, Analyst]
    resolved: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


class Seating(Protocol):
    """Chooses who sits, and seats them again as they once sat."""

    @property
    def rules(self) -> Mapping[str, Analyst]:
        """The analysts that follow their rules, by role; one of each role that can be asked."""

    async def seats(self) -> Seats:
        """Return who can be asked now."""

    def described(self, analyst: Analyst) -> dict[str, Any] | None:
        """Return what `restored` needs to seat a model again; None for an analyst that follows its rules."""

    def restored(self, described: Mapping[str, Any]) -> Analyst | None:
        """Return a model's analyst as it once sat, for a replay; None when its role or prompt is not here any more."""
