"""How each part of the desk is doing, why, and since when: the one truth behind `/health` and the system status."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.domain.errors import AgentSystemError
from app.ports.clock import Clock

UP, DEGRADED, DOWN = "up", "degraded", "down"
PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a part is doing.

    Args:
        detail: in words, also where all is well.
        status: `up`, `degraded` (it does less than it should) or `down`.
        reason: why it is not up; None when it is.
        since: None where the part does not know; then it is when the change was noticed.
    """

    detail: str
    status: str = UP
    reason: str | None = None
    since: datetime | None = None


Check = Callable[[], Awaitable[Standing | str]]


class HealthBoard:
    """Asks each part and remembers when its state last changed.

    Args:
        checks: essential part, with which the whole is down, to a coroutine function that returns how it is (a mere
            text says that it is up), or raises.
        patience_s: a part that has not answered by then is down.
    """

    def __init__(self, checks: Mapping[str, Check], clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._checks = dict(checks)
        self._essential = frozenset(checks)
        self._groups: list[Callable[[], Mapping[str, Check]]] = []
        self._clock = clock
        self._patience_s = patience_s
        self._known: dict[str, tuple[str, str]] = {}

    def add(self, name: str, check: Check) -> Callable[[], None]:
        """Ask one more part, without which the whole is merely degraded; return a function that forgets it."""
        self._checks[name] = check

        def forget() -> None:
            self._checks.pop(name, None)
            self._known.pop(name, None)

        return forget

    def add_group(self, parts: Callable[[], Mapping[str, Check]]) -> None:
        """Ask parts that come and go; none of them is essential.

        Args:
            parts: returns those that there are now.
        """
        self._groups.append(parts)

    async def report(self) -> dict[str, dict[str, Any]]:
        """Return per part `status` (`up`, `degraded` or `down`), `detail`, `reason` and `since`."""
        checks = dict(self._checks)
        for parts in self._groups:
            checks.update(parts())
        answers = await asyncio.gather(*(self._ask(name, check) for name, check in checks.items()))
        return dict(zip(checks, answers, strict=True))

    def overall(self, report: Mapping[str, Mapping[str, Any]]) -> str:
        """Return how the whole is: `down` with an essential part, `degraded` when any part is not up, else `up`."""
        if any(report[name]["status"] == DOWN for name in self._essential & report.keys()):
            return DOWN
        return UP if all(part["status"] == UP for part in report.values()) else DEGRADED

    async def _ask(self, name: str, check: Check) -> dict[str, Any]:
        standing = await self._standing(check)
        known, since = self._known.get(name, ("", ""))
        if known != standing.status:
            since = self._clock.now().isoformat()
            self._known[name] = (standing.status, since)
        if standing.since is not None:
            since = standing.since.isoformat()
        return {"status": standing.status, "detail": standing.detail, "reason": standing.reason, "since": since}

    async def _standing(self, check: Check) -> Standing:
        try:
            async with asyncio.timeout(self._patience_s):
                told = await check()
        except TimeoutError:
            return _down(f"no answer within {self._patience_s:g} s")
        except AgentSystemError as error:
            return _down(error.public)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, the board must stand
            return _down(type(error).__name__)
        return Standing(told) if isinstance(told, str) else told


def _down(why: str) -> Standing:
    return Standing(why, DOWN, why)
