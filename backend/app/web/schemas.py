"""What the answers look like, for the OpenAPI page alone: stored records are sent as their bytes, never rebuilt."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Share = Annotated[float, Field(ge=0, le=1)]
Word = Literal["STRONG_BUY", "BUY", "HOLD", "SELL", "STRONG_SELL"]
Final = Word | Literal["NO_DECISION"]
DecisionId = Annotated[str, Field(description="UUIDv7")]
Instant = Annotated[str, Field(description="UTC, ISO 8601 with offset")]


class FieldProblem(BaseModel):
    """One thing wrong with the input."""

    loc: Annotated[str, Field(description="where, such as market_data.bars.3")]
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem]


class VoteView(BaseModel):
    """What an analyst said."""

    agent_id: str
    agent_type: str
    symbol: str
    decision: Word | Literal["ABSTAIN"]
    confidence: Share | None
    reasoning: str
    timestamp: Instant
    source: str
    lineage: str
    latency_ms: float
    tools: list[str]
    model: str | None = None
    prompt: Annotated[str | None, Field(description="id and version")] = None
    degraded_from: Annotated[str | None, Field(description="the provider that gave no vote")] = None
    error_kind: str | None = None
    flags: Annotated[list[str] | None, Field(description="what was odd about the texts it read")] = None
    risk: Share | None = None
    position_size: Share | None = None
    stop_loss: float | None = None
    take_profit: float | None = None


class TallyView(BaseModel):
    """Exact mass of each camp, decimal strings of integers."""

    BEAR: str
    HOLD: str
    BULL: str


class ConsensusView(BaseModel):
    """How the votes were counted."""

    method: str
    conflict_resolution: str
    tally: TallyView
    n_valid: int
    n_expected: int
    effective_votes: float
    closed_early: bool
    config: dict[str, Any]


class NotAsked(BaseModel):
    """An analyst the context could not serve."""

    agent_id: str
    agent_type: str
    needs: str


class FailureView(BaseModel):
    """An analyst that gave no opinion."""

    agent_id: str
    kind: str
    reason: str


class LineageView(BaseModel):
    """What the votes of one model weigh: each n_eff / n."""

    lineage: str
    n: int
    n_eff: float
    r: Annotated[float, Field(ge=0, le=1, description="correlation of any two of them")]
    decisions: Annotated[int, Field(description="on how many r was measured; 0 when it is assumed")]


class SpentView(BaseModel):
    """What models were asked and what it cost."""

    requests: int
    tokens: int
    cost: Annotated[str | None, Field(description="dollars for the answers; null when a price is not known")]


class AskedView(BaseModel):
    """Who sat on the panel, how that was settled, and on which terms."""

    mode: Literal["rules", "models", "hybrid"]
    tool_policy: Annotated[int, Field(description="version of the tools' limits")]
    asked_for: str | None = None
    choice: Annotated[str | None, Field(description="provider:model, or rules")] = None
    found: Annotated[dict[str, str] | None, Field(description="what looking for each provider came to")] = None
    models: Annotated[dict[str, str] | None, Field(description="by agent")] = None
    prompts: Annotated[dict[str, str] | None, Field(description="SHA-256 by id and version")] = None
    lineages: list[LineageView] | None = None
    spent: SpentView | None = None


class DecisionRecord(BaseModel):
    """A decision as it is kept; a failure is never a HOLD, so read `status` and `resolved_by` with it."""

    decision_id: DecisionId
    symbol: str
    final_recommendation: Final
    status: str
    resolved_by: str
    confidence: Share
    support: Share
    position_size: Share | None
    degraded: bool
    degraded_reasons: list[str]
    votes: list[VoteView]
    missing: list[str]
    rejected: list[tuple[str, str]]
    not_applicable: list[NotAsked]
    failures: list[FailureView]
    panel: AskedView
    consensus: ConsensusView
    as_of: Instant
    created_at: Instant
    duration_ms: float
    correlation_id: str
    engine_version: str
    evidence_hash: str
    sequence: Annotated[int, Field(ge=1, description="per symbol, gapless")]
    previous_hash: str
    hash: str


class DecisionPageView(BaseModel):
    """Decisions, newest first."""

    items: list[DecisionRecord]
    next_cursor: str | None


class ConsensusAccepted(BaseModel):
    """A consensus under way."""

    consensus_id: DecisionId
    status: Literal["pending"]
    status_url: str


class ConsensusStatusView(BaseModel):
    """Where a consensus stands; `reason` says why it failed."""

    consensus_id: DecisionId
    status: Literal["pending", "complete", "cancelled", "failed"]
    result: DecisionRecord | None
    reason: str | None = None


class TallyResult(BaseModel):
    """What the engine makes of the votes; nothing is stored."""

    decision: Final
    status: str
    resolved_by: str
    confidence: Share
    support: Share
    n_valid: int
    n_expected: int
    missing: list[str]
    rejected: list[tuple[str, str]]
    tally: TallyView
    position_size: Share | None


class Difference(BaseModel):
    """One thing that came out otherwise."""

    what: str
    recorded: Any
    recomputed: Any


class ReplayView(BaseModel):
    """The decision made again from its evidence."""

    decision_id: DecisionId
    identical: bool
    differences: list[Difference]
    engine_changed: bool


class VotingView(BaseModel):
    """Who agreed with whom."""

    agreement: float | None
    effective_votes: float
    camps: dict[str, list[str]]
    dissenters: list[str]
    abstained: list[str]
