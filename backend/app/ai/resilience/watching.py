"""Who is told of what guards do."""

from typing import Protocol


class Watch(Protocol):
    """Told as it happens; must not raise."""

    def retried(self, provider: str, kind: str) -> None:
        """A request is sent again after a failure of that kind."""

    def held_back(self, provider: str) -> None:
        """A request found no free place before its deadline."""


class Unwatched:
    """Tells nobody."""

    def retried(self, provider: str, kind: str) -> None:
        """Do nothing."""

    def held_back(self, provider: str) -> None:
        """Do nothing."""
