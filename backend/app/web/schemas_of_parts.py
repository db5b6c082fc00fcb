"""What the answers about the parts of the desk look like, for the OpenAPI page alone."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class NeedsView(BaseModel):
    """What a request must hold before the analyst is asked."""

    bars: Annotated[int, Field(description="least history")]
    news: bool


class AnalystView(BaseModel):
    """An analyst of the panel; its id for a symbol is `<role>_<SYMBOL>`."""

    role: str
    agent_id: str
    question: str
    rule: str
    needs: NeedsView
    tools: list[str]


class PanelView(BaseModel):
    """Who can be asked; `whole_panel` names them all at once."""

    whole_panel: str
    models: Annotated[dict[str, Any], Field(description="how it was settled who sits; see `panel` of a record")]
    agents: list[AnalystView]


class PartHealth(BaseModel):
    """How a part is doing."""

    status: Literal["up", "down"]
    detail: str
    since: str | None = None


class PerformanceSummary(BaseModel):
    """What has been done so far."""

    active_agents: int
    total_decisions: int
    tool_executions: int


class SystemStatus(BaseModel):
    """The whole system at a glance."""

    component_health: dict[str, PartHealth]
    performance_summary: PerformanceSummary


class HealthView(BaseModel):
    """`up` when every part is."""

    status: Literal["up", "down"]
    component_health: dict[str, PartHealth]


class LifeSign(BaseModel):
    """One word."""

    status: str


class AgentPerformance(BaseModel):
    """How often and how fast an agent voted, and how often with the decision; rates are fractions."""

    agent_id: str
    agent_type: str
    votes: int
    abstentions: int
    average_confidence: float | None
    average_latency_ms: float | None
    agreement_rate: float | None


class AgentPerformanceList(BaseModel):
    """Performance by agent."""

    agents: list[AgentPerformance]


class ToolPerformance(BaseModel):
    """How a tool did; a tool never called has zeros."""

    tool_name: str
    calls: int
    success_rate: Annotated[float, Field(ge=0, le=1)]
    average_execution_time_ms: float | None


class ToolPerformanceList(BaseModel):
    """Performance by tool."""

    tools: list[ToolPerformance]


class IndicatorView(BaseModel):
    """An indicator a request may supply under this name."""

    name: str
    meaning: str
    unit: str
    minimum_bars: int


class IndicatorList(BaseModel):
    """Every indicator, supplied or computed."""

    indicators: list[IndicatorView]
