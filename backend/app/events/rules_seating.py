"""A panel of rules alone: what sits when no model is there."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from app import plugins
from app.ports.analyst import Analyst
from app.ports.seating import Seats


class RulesSeating:
    """Seats the analysts handed in by role, else those of the plugin table."""

    def __init__(self, analysts: Mapping[str, Analyst] | None = None) -> None:
        self._given = analysts

    @cached_property
    def rules(self) -> Mapping[str, Analyst]:
        """The analysts that follow their rules, by role."""
        return installed_analysts() if self._given is None else self._given

    async def seats(self) -> Seats:
        """Return who can be asked now."""
        return Seats(self.rules)

    def described(self, analyst: Analyst) -> dict[str, Any] | None:
        """No model sits here."""
        return None

    def restored(self, described: Mapping[str, Any]) -> Analyst | None:
        """No model can be seated again here."""
        return None


def installed_analysts() -> dict[str, Analyst]:
    """Return one of each analyst of the plugin table, by role."""
    return {role: plugins.load("analyst", role)() for role in plugins.names("analyst")}
