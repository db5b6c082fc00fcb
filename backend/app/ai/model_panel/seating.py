"""Who sits on a panel with models: which model plays which role, and whether its rule-based twin votes beside it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

from app import plugins
from app.ai.model_panel.briefs import Brief
from app.ai.model_panel.correspondence import Archive
from app.ai.model_panel.model_analyst import ModelAnalyst, OnFailure
from app.ai.model_panel.news_gathering import NewsGatherer
from app.ai.model_panel.voices import Voice
from app.ai.tooling.specs import spec_of
from app.domain.completions import ToolSpec
from app.domain.errors import NotFoundError
from app.domain.identifiers import TWIN_SUFFIX
from app.ports.analyst import Analyst
from app.ports.clock import Clock
from app.ports.seating import Seats

PanelMode = Literal["rules", "models", "hybrid"]
RULES: Final = "rules"
OFFERED: Final = (
    "get_bars",
    "compute_indicators",
    "assess_risk",
    "detect_regime",
    "get_position",
    "get_analyst_track_record",
    "size_position",
)


@dataclass(frozen=True, slots=True, eq=False)
class Casting:
    """Which voice speaks for which role, as it was resolved.

    Args:
        voices: by role; a role without one follows its rules.
        gatherer: finds news for the news analyst.
        told: how the choice was made, for the record.
        is_lacking: whether a model was asked for by name and is not there.
    """

    voices: Mapping[str, Voice]
    gatherer: Voice | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    is_lacking: bool = False


Resolve = Callable[[], Awaitable[Casting]]


class ModelSeating:
    """Seats models where there are any, and rules beside or instead of them.

    Args:
        rules: the analysts that follow their rules, by role.
        mode: `models` seats models alone, `hybrid` their twins too, `rules` no model; None is `hybrid` where there is a
            model.
        on_failure: what a failed model's vote becomes; in a hybrid panel an abstention, for the twin votes anyway.
        resolve: finds out which models there are.
    """

    def __init__(
        self,
        rules: Mapping[str, Analyst],
        resolve: Resolve,
        archive: Archive,
        clock: Clock,
        *,
        mode: PanelMode | None = None,
        on_failure: OnFailure = "rules",
    ) -> None:
        self.rules = rules
        self._resolve = resolve
        self._archive = archive
        self._clock = clock
        self._mode = mode
        self._on_failure = on_failure
        self._seated: tuple[Casting, Seats] | None = None

    async def seats(self) -> Seats:
        """Return who can be asked now; asks again who is there only when that has changed, and not for rules alone."""
        if self._mode == RULES:
            return Seats(self.rules, {"mode": RULES})
        casting = await self._resolve()
        if self._seated is None or self._seated[0] is not casting:
            self._seated = casting, self._arranged(casting)
        return self._seated[1]

    def _arranged(self, casting: Casting) -> Seats:
        mode = self._mode or ("hybrid" if casting.voices else RULES)
        told = {**casting.told, "mode": mode}
        flags = ("no_model",) if self._is_lacking(casting) else ()
        analysts: dict[str, Analyst] = {}
        for role, twin in self.rules.items():
            voice, brief = casting.voices.get(role), _brief_of(twin)
            if voice is None or brief is None:
                analysts[role] = twin
                continue
            on_failure: OnFailure = "abstain" if mode == "hybrid" else self._on_failure
            analysts[role] = self._analyst(twin, voice, brief, casting.gatherer, on_failure)
            if mode == "hybrid":
                analysts[f"{role}{TWIN_SUFFIX}"] = twin
        return Seats(analysts, told, flags)

    def _is_lacking(self, casting: Casting) -> bool:
        """Whether a model was asked for, by its name or by the mode, and is not there."""
        return casting.is_lacking or (self._mode is not None and not casting.voices)

    def _analyst(
        self, twin: Analyst, voice: Voice, brief: Brief, searching: Voice | None, on_failure: OnFailure
    ) -> ModelAnalyst:
        return ModelAnalyst(
            twin,
            voice,
            brief,
            offered=specs(OFFERED),
            archive=self._archive,
            clock=self._clock,
            on_failure=on_failure,
            gatherer=NewsGatherer.of(searching) if searching and twin.needs.news else None,
        )

    def described(self, analyst: Analyst) -> dict[str, Any] | None:
        """Return what `restored` needs; None for an analyst that follows its rules."""
        return dict(analyst.described()) if isinstance(analyst, ModelAnalyst) else None

    def restored(self, described: Mapping[str, Any]) -> Analyst | None:
        """Return a model's analyst as it once sat; None when its role, a prompt or a tool is not here any more."""
        return restored(described, self.rules, self._archive, self._clock)


def _brief_of(twin: Analyst) -> Brief | None:
    """Return the brief of a role; None for one that no prompt was written for, which follows its rules."""
    try:
        return Brief.of(twin.role)
    except NotFoundError:
        return None


def restored(
    described: Mapping[str, Any], rules: Mapping[str, Analyst], archive: Archive, clock: Clock
) -> ModelAnalyst | None:
    """Return the analyst that `described` tells of, with nobody to ask: its answers must be recorded."""
    twin = rules.get(described["role"])
    if twin is None:
        return None
    voice = Voice(described["provider"], described["model"], described["takes_tools_with_schema"], described["options"])
    try:
        brief = Brief.of(twin.role, list(described["prompts"]))
        gatherer = _gatherer_again(described["gatherer"])
    except NotFoundError:
        return None
    return ModelAnalyst(
        twin,
        voice,
        brief,
        offered=specs(tuple(described["offered"])),
        archive=archive,
        clock=clock,
        on_failure=described["on_failure"],
        gatherer=gatherer,
    )


def _gatherer_again(described: Mapping[str, Any] | None) -> NewsGatherer | None:
    if described is None:
        return None
    voice = Voice(described["provider"], described["model"], False, described.get("options", {}))
    return NewsGatherer.of(voice, described["prompt"])


@cache
def specs(names: tuple[str, ...]) -> tuple[ToolSpec, ...]:
    """Return the tools that models are offered, always in this order, so that prompts stay the same."""
    return tuple(spec_of(plugins.load("tool", name)) for name in names if name in plugins.names("tool"))
