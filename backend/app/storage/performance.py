"""How tools and agents have done so far, added up by the database."""

from typing import Any, Final

from sqlalchemy import Connection, Select, case, func, select

from app.consensus.levels import ABSTAIN
from app.domain.events import EventType
from app.storage.figures import CAMP_OF_WORD, SUCCESSES
from app.storage.tables import decisions, events

_is_vote = events.c.type == str(EventType.AGENT_DECISION)
_is_call = events.c.type == str(EventType.TOOL_EXECUTION)
_own_camp = case(CAMP_OF_WORD, value=events.c.word)
_final_camp = case(CAMP_OF_WORD, value=decisions.c.final_recommendation)

TOOLS: Final = (
    select(
        events.c.name.label("tool_name"),
        func.count().label("calls"),
        func.avg(case((events.c.status.in_(SUCCESSES), 1.0), else_=0.0)).label("success_rate"),
        func.avg(events.c.duration_ms).label("average_execution_time_ms"),
    )
    .where(_is_call)
    .group_by(events.c.name)
    .order_by(events.c.name)
)

AGENTS: Final = (
    select(
        events.c.agent_id,
        events.c.agent_type,
        func.count().label("votes"),
        func.count(case((events.c.word == ABSTAIN, 1))).label("abstentions"),
        func.avg(events.c.confidence).label("average_confidence"),
        func.avg(events.c.duration_ms).label("average_latency_ms"),
        func.avg(case((_own_camp == _final_camp, 1.0), (_own_camp != _final_camp, 0.0))).label("agreement_rate"),
    )
    .outerjoin(decisions, events.c.decision_id == decisions.c.id)
    .where(_is_vote)
    .group_by(events.c.agent_id, events.c.agent_type)
    .order_by(events.c.agent_id, events.c.agent_type)
)

COUNTS: Final = select(
    select(func.count()).select_from(decisions).scalar_subquery().label("decisions"),
    select(func.count()).where(_is_vote).scalar_subquery().label("votes"),
    select(func.count()).where(_is_call).scalar_subquery().label("tool_executions"),
)


def rows(connection: Connection, figures: Select[Any]) -> tuple[dict[str, Any], ...]:
    """Return the rows of one of the statements above; an average of nothing is None."""
    return tuple({str(name): value for name, value in row.items()} for row in connection.execute(figures).mappings())
