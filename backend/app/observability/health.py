"""How each part of the desk is doing, and since when."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.domain.errors import AgentSystemError
from app.ports.clock import Clock

Check = Callable[[], Awaitable[str]]

UP, DOWN = "up", "down"


class HealthBoard:
    """Asks each part and remembers when its state last changed.

    Args:
        checks: part to a coroutine function that returns a word on how it is, or raises.
    """

    def __init__(self, checks: Mapping[str, Check], clock: Clock) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._known: dict[str, tuple[str, str]] = {}

    async def report(self) -> dict[str, dict[str, Any]]:
        """Return per part `status` (`up` or `down`), `detail` and `since`."""
        return {name: await self._ask(name, check) for name, check in self._checks.items()}

    async def _ask(self, name: str, check: Check) -> dict[str, Any]:
        try:
            status, detail = UP, await check()
        except AgentSystemError as error:
            status, detail = DOWN, error.public
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, the board must stand
            status, detail = DOWN, type(error).__name__
        known, since = self._known.get(name, ("", ""))
        if known != status:
            since = self._clock.now().isoformat()
            self._known[name] = (status, since)
        return {"status": status, "detail": detail, "since": since}
