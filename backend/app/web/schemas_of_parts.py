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

    status: Literal["up", "degraded", "down"]
    detail: str
    reason: Annotated[str | None, Field(description="why it is not up")] = None
    since: str | None = None


class PerformanceSummary(BaseModel):
    """What has been done so far."""

    active_agents: int
    total_decisions: int
    tool_executions: int


class SystemStatus(BaseModel):
    """The whole system at a glance."""

    status: Literal["up", "degraded", "down"]
    component_health: dict[str, PartHealth]
    performance_summary: PerformanceSummary


class HealthView(BaseModel):
    """`up` when every part is, `down` when one is that nothing works without."""

    status: Literal["up", "degraded", "down"]
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


class ToolWindow(BaseModel):
    """A stretch of a tool's calls."""

    calls: int
    success_rate: float
    average_execution_time_ms: float | None


class ToolTrend(BaseModel):
    """The last 50 calls beside the 200 before."""

    recent: ToolWindow
    before: ToolWindow


class ToolFigures(BaseModel):
    """How a tool did; shares and rates are fractions, times milliseconds; what cannot be told is null.

    A call that was denied ran nothing and does not count against the success rate; one that shared the result of an
    identical call is a success without a time.
    """

    calls: int
    success_rate: Annotated[float, Field(ge=0, le=1)]
    denied: int
    average_execution_time_ms: Annotated[float | None, Field(description="of a run; null when none was needed")]
    p95_execution_time_ms: float | None
    p99_execution_time_ms: float | None
    errors: Annotated[dict[str, int], Field(description="failures by kind, as far back as they are known")]
    trend: ToolTrend | None
    decisions_informed: Annotated[int, Field(description="of the decisions looked at, those in which it answered")]
    share_of_decisions_informed: float | None
    decisions_moved: Annotated[int, Field(description="those whose side would differ without the votes that used it")]
    share_of_decisions_moved: Annotated[float | None, Field(description="of those in which that can be told")]
    decisions_undecidable: Annotated[int, Field(description="those in which everybody who voted used it")]


class ToolPerformance(ToolFigures):
    """How a tool did, by everybody, by role and by agent; a tool never called has zeros."""

    tool_name: str
    by_role: dict[str, ToolFigures]
    by_agent: Annotated[
        dict[str, ToolFigures],
        Field(description="by its id without the symbol: a role's model and its rule-based twin are told apart"),
    ]


class ToolInsight(BaseModel):
    """Something worth knowing of a tool, with the numbers behind it."""

    tool_name: str
    kind: str
    text: str
    figures: dict[str, Any]


class ToolRecommendation(BaseModel):
    """What to do about an insight of the same kind."""

    tool_name: str
    kind: str
    text: str


class ToolPolicyView(BaseModel):
    """How tools are run at present; the version rises by one with every change."""

    version: int
    timeouts_s: Annotated[dict[str, float], Field(description="a tool that is not named may take 2 s")]
    suspended: Annotated[list[str], Field(description="failed too often lately and are not run")]
    probing: Annotated[list[str], Field(description="were suspended and are tried again")]


class ToolPerformanceList(BaseModel):
    """Performance by tool, and what it leads to."""

    tools: list[ToolPerformance]
    insights: list[ToolInsight]
    recommendations: list[ToolRecommendation]
    policy: ToolPolicyView
    decisions: Annotated[int, Field(description="the newest ones, looked at for what tools did for them")]


class IndicatorView(BaseModel):
    """An indicator a request may supply under this name."""

    name: str
    meaning: str
    unit: str
    minimum_bars: int


class IndicatorList(BaseModel):
    """Every indicator, supplied or computed."""

    indicators: list[IndicatorView]
