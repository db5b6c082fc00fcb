"""From a question to a case: what the panel may see, who is asked, and by which rule the votes will be counted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app import plugins
from app.analysis.data_quality import is_stale, suspected_split
from app.analysis.indicators import check_names
from app.consensus.config import ConsensusConfig
from app.domain.errors import ConfigurationError, FieldError, InvalidInputError, UnknownNameError
from app.domain.identifiers import agent_id
from app.domain.market import AnalysisContext
from app.domain.questions import Question
from app.domain.times import from_micros
from app.ports.analyst import Analyst

WHOLE_PANEL = "comprehensive"
PANEL_DEFAULTS: Mapping[str, Any] = {"method": "weighted", "strategy": "conservative", "risk_veto": True}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A question made ready.

    Args:
        analysts: those that are asked; their agents are the roster.
        not_applicable: those the context cannot serve, with what they need.
        flags: doubts about the data, such as `stale`.
    """

    question: Question
    context: AnalysisContext
    analysts: tuple[Analyst, ...]
    not_applicable: tuple[Mapping[str, str], ...]
    config: ConsensusConfig
    flags: tuple[str, ...]


def open_case(question: Question, panel: Mapping[str, Analyst]) -> Case:
    """Check a question and freeze its context.

    Args:
        panel: every analyst that can be asked, by role.

    Raises:
        InvalidInputError: names what cannot be used and the next step.
    """
    context, flags = _context(question)
    analysts = [panel[role] for role in roles_of(question.agents, panel)]
    lacking = {each.role: each.needs.unmet(context) for each in analysts}
    asked = tuple(each for each in analysts if lacking[each.role] is None)
    absent = tuple(
        {"agent_id": agent_id(role, question.symbol), "agent_type": role, "needs": needs}
        for role, needs in lacking.items()
        if needs is not None
    )
    config = ConsensusConfig.of(_settings(question, context, asked, panel))
    return Case(question, context, asked, absent, config, flags)


def installed_analysts() -> dict[str, Analyst]:
    """Return one of each analyst of the plugin table, by role."""
    return {role: plugins.load("analyst", role)() for role in plugins.names("analyst")}


def roles_of(agents: Sequence[str], panel: Collection[str]) -> tuple[str, ...]:
    """Return the roles meant, each once; none, or `comprehensive`, is the whole panel.

    Raises:
        UnknownNameError: a role that nobody on the panel plays.
    """
    for role in agents:
        if role not in panel and role != WHOLE_PANEL:
            raise UnknownNameError("analyst", role, [*panel, WHOLE_PANEL])
    return tuple(panel) if not agents or WHOLE_PANEL in agents else tuple(dict.fromkeys(agents))


def _context(question: Question) -> tuple[AnalysisContext, tuple[str, ...]]:
    check_names(question.indicators)
    as_of = _as_of(question)
    bars = question.bars.until(as_of)
    hides_bars = len(bars) < len(question.bars)
    context = AnalysisContext(
        symbol=question.symbol,
        bars=bars,
        as_of=as_of,
        current_price=None if hides_bars else question.current_price,
        indicators=question.indicators,
        account=question.account,
        news=tuple(item for item in question.news if item.timestamp <= as_of),
    )
    doubts = {
        "stale": is_stale(bars, as_of),
        "suspected_split": suspected_split(bars),
        "current_price_after_as_of": hides_bars and question.current_price is not None,
    }
    return context, tuple(name for name, holds in doubts.items() if holds)


def _as_of(question: Question) -> datetime:
    if question.as_of is not None:
        return question.as_of
    if not len(question.bars):
        raise InvalidInputError(
            "There are no bars to take the time from; send bars, or give as_of.",
            [FieldError("market_data.bars", "send bars, or give as_of")],
        )
    return from_micros(question.bars.ends_at)


def _settings(
    question: Question, context: AnalysisContext, asked: Sequence[Analyst], roles: Collection[str]
) -> dict[str, Any]:
    given = {name: value for name, value in question.config.items() if value is not None}
    _merge(given, "method", question.method)
    _merge(given, "strategy", question.conflict_resolution, "conflict_resolution")
    roster = [agent_id(each.role, question.symbol) for each in asked]
    position = context.position
    derived = {"roster": roster, "position": float(position.quantity) if position else 0}
    if isinstance(weights := given.get("weights"), Mapping):
        given["weights"] = {_agent_of(name, question.symbol, roles): weight for name, weight in weights.items()}
    return {**PANEL_DEFAULTS, **derived, **given}


def _merge(given: dict[str, Any], setting: str, value: str | None, name: str | None = None) -> None:
    """Take `value` for the setting unless the config says something else."""
    if value is None:
        return
    if given.get(setting, value) != value:
        message = f"{name or setting} and config.{setting} differ; send one of them."
        raise ConfigurationError(message, [FieldError(f"config.{setting}", message)])
    given[setting] = value


def _agent_of(name: Any, symbol: str, roles: Collection[str]) -> Any:
    """Read a role as the agent that plays it here, so that weights can be given by role."""
    return agent_id(name, symbol) if isinstance(name, str) and name in roles else name
