"""From a question to a case: what the panel may see, who is asked, and by which rule the votes will be counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.analysis.data_quality import is_stale, suspected_split
from app.analysis.indicators import check_names
from app.consensus.config import ConsensusConfig
from app.domain.errors import ConfigurationError, FieldError, InvalidInputError, UnknownNameError
from app.domain.identifiers import agent_id
from app.domain.market import AnalysisContext
from app.domain.questions import Question
from app.domain.simulations import SIMULATED
from app.domain.times import from_micros
from app.ports.analyst import Analyst

WHOLE_PANEL = "comprehensive"
PANEL_DEFAULTS: Mapping[str, Any] = {"method": "weighted", "strategy": "conservative", "risk_veto": True}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A question made ready.

    Args:
        seats: those that are asked, by agent id; they are the roster.
        not_applicable: those the context cannot serve, with what they need.
        flags: doubts about the data, such as `stale`.
    """

    question: Question
    context: AnalysisContext
    seats: Mapping[str, Analyst]
    not_applicable: tuple[Mapping[str, str], ...]
    config: ConsensusConfig
    flags: tuple[str, ...]

    @property
    def is_simulated(self) -> bool:
        """Whether the bars were made up."""
        return SIMULATED in self.flags


def open_case(question: Question, panel: Mapping[str, Analyst], doubts: tuple[str, ...] = ()) -> Case:
    """Check a question and freeze its context.

    Args:
        panel: every analyst that can be asked, by seat.
        doubts: about the panel, flagged in the record like those about the data.

    Raises:
        InvalidInputError: names what cannot be used and the next step.
    """
    context, flags = _context(question)
    seated = {agent_id(seat, question.symbol): panel[seat] for seat in seats_of(question.agents, panel)}
    lacking = {agent: analyst.needs.unmet(context) for agent, analyst in seated.items()}
    asked = {agent: analyst for agent, analyst in seated.items() if lacking[agent] is None}
    absent = tuple(
        {"agent_id": agent, "agent_type": seated[agent].role, "needs": needs}
        for agent, needs in lacking.items()
        if needs is not None
    )
    config = ConsensusConfig.of(_settings(question, context, tuple(asked), panel))
    return Case(question, context, asked, absent, config, (*flags, *doubts))


def seats_of(agents: Sequence[str], panel: Mapping[str, Analyst]) -> tuple[str, ...]:
    """Return the seats of the roles meant, each once; none, or `comprehensive`, is the whole panel.

    Raises:
        UnknownNameError: a role that nobody on the panel plays.
    """
    roles = dict.fromkeys(analyst.role for analyst in panel.values())
    for role in agents:
        if role not in roles and role != WHOLE_PANEL:
            raise UnknownNameError("analyst", role, [*roles, WHOLE_PANEL])
    if not agents or WHOLE_PANEL in agents:
        return tuple(panel)
    return tuple(seat for role in dict.fromkeys(agents) for seat, each in panel.items() if each.role == role)


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
        SIMULATED: question.is_simulated,
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
    question: Question, context: AnalysisContext, roster: Sequence[str], panel: Mapping[str, Analyst]
) -> dict[str, Any]:
    given = {name: value for name, value in question.config.items() if value is not None}
    _merge(given, "method", question.method)
    _merge(given, "strategy", question.conflict_resolution, "conflict_resolution")
    position = context.position
    derived = {"roster": roster, "position": float(position.quantity) if position else 0}
    if isinstance(weights := given.get("weights"), Mapping):
        given["weights"] = _by_agent(weights, question.symbol, panel)
    return {**PANEL_DEFAULTS, **derived, **given}


def _merge(given: dict[str, Any], setting: str, value: str | None, name: str | None = None) -> None:
    """Take `value` for the setting unless the config says something else."""
    if value is None:
        return
    if given.get(setting, value) != value:
        message = f"{name or setting} and config.{setting} differ; send one of them."
        raise ConfigurationError(message, [FieldError(f"config.{setting}", message)])
    given[setting] = value


def _by_agent(weights: Mapping[Any, Any], symbol: str, panel: Mapping[str, Analyst]) -> dict[Any, Any]:
    """Read a role as every agent that plays it and a seat as its agent, so that weights need no symbol."""
    named, understood = {}, set()
    for seat, analyst in panel.items():
        for name in (analyst.role, seat):
            if name in weights:
                named[agent_id(seat, symbol)] = weights[name]
                understood.add(name)
    return {**named, **{name: weight for name, weight in weights.items() if name not in understood}}
