"""Which model is asked: looked for in a fixed order, looked for again only when none was there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.ai.model_panel.seating import Casting
from app.ai.model_panel.voices import Voice
from app.domain.errors import InvalidInputError
from app.ports.clock import Clock

LOOK_AGAIN_S: Final = 60.0
AUTO: Final = "auto"
RULES: Final = "rules"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What looking for a provider came to.

    Args:
        voice: its model, or None when it cannot be asked.
        why: in words; nothing secret is in it.
    """

    voice: Voice | None
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A provider that may be there: `look` finds out, within a fraction of a second."""

    name: str
    look: Callable[[], Awaitable[Found]]


class Resolver:
    """Chooses the voices of the panel.

    Args:
        candidates: in the order of `auto`.
        choice: `auto`, the name of a candidate, or `rules` for no model.
        by_role: model of its own for a role, as `provider:model`.
        roles: that models may play.
        gatherer: who finds news.

    Raises:
        InvalidInputError: a model is given to a role, or by a provider, that does not exist.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        choice: str,
        by_role: Mapping[str, str],
        roles: Sequence[str],
        clock: Clock,
        *,
        gatherer: Voice | None = None,
    ) -> None:
        self._candidates = {each.name: each for each in candidates}
        self._choice = choice
        self._by_role = {role: self._own_model(role, wanted, roles) for role, wanted in by_role.items()}
        self._roles = roles
        self._clock = clock
        self._gatherer = gatherer
        self._looking = asyncio.Lock()
        self._casting: Casting | None = None
        self._looked_at = 0.0

    async def casting(self) -> Casting:
        """Return who speaks for whom; whoever was asked for by name and is not there is looked for again later."""
        if self._is_fresh():
            return self._known()
        async with self._looking:
            if not self._is_fresh():
                self._casting, self._looked_at = await self._look(), self._clock.monotonic()
            return self._known()

    def _known(self) -> Casting:
        assert self._casting is not None  # noqa: S101 - `_is_fresh` has just said so
        return self._casting

    def _is_fresh(self) -> bool:
        if self._casting is None:
            return False
        is_complete = bool(self._casting.voices) and not self._casting.is_lacking
        return is_complete or self._clock.monotonic() - self._looked_at < LOOK_AGAIN_S

    async def _look(self) -> Casting:
        looked: dict[str, Found] = {}
        chosen: Voice | None = None
        for name in self._order():
            chosen = (await self._looked_for(name, looked)).voice
            if chosen is not None:
                break
        voices = dict.fromkeys(self._roles, chosen) if chosen else {}
        is_lacking = chosen is None and self._choice not in (AUTO, RULES)
        for role, (provider, model) in self._by_role.items():
            own = (await self._looked_for(provider, looked)).voice
            if own is not None:
                voices[role] = replace(own, model=model)
            else:
                voices.pop(role, None)
                is_lacking = True
        return Casting(voices, self._gatherer if voices else None, self._told(chosen, looked), is_lacking)

    async def _looked_for(self, name: str, looked: dict[str, Found]) -> Found:
        """Look for a provider once, however many roles ask for it."""
        if name not in looked:
            looked[name] = await self._candidates[name].look()
        return looked[name]

    async def look_everywhere(self) -> dict[str, Found]:
        """Return what looking for each candidate comes to now, whatever is chosen."""
        return {name: await each.look() for name, each in self._candidates.items()}

    def _order(self) -> tuple[str, ...]:
        if self._choice == AUTO:
            return tuple(self._candidates)
        return () if self._choice == RULES else (self._choice,)

    def _own_model(self, role: str, wanted: str, roles: Sequence[str]) -> tuple[str, str]:
        provider, _, model = wanted.partition(":")
        if role not in roles or provider not in self._candidates or not model:
            raise InvalidInputError(
                "CONCLAVE_MODELS must be a list of role=provider:model with roles "
                f"{', '.join(roles)} and providers {', '.join(self._candidates)}."
            )
        return provider, model

    def _told(self, chosen: Voice | None, looked: Mapping[str, Found]) -> dict[str, Any]:
        return {
            "asked_for": self._choice,
            "choice": chosen.lineage if chosen else RULES,
            "found": {name: found.why for name, found in looked.items()},
        }
