"""Request bodies beside `AnalysisRequest`: a consensus in the background, and votes to tally."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.questions import DEFAULT_TIMEOUT_S
from app.domain.requests import MAX_NEWS, AccountFields, AnalysisRequest, MarketData, NewsFields, Number, Symbol, Time

MAX_VOTES = 10_000

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
_Names = Annotated[list[str], Field(min_length=1, max_length=50)]


class ConsensusContext(BaseModel):
    """What the panel may see."""

    model_config = _FROZEN

    market_data: MarketData
    technical_indicators: Annotated[dict[str, Number], Field(max_length=100)] | None = None
    account_info: AccountFields | None = None
    news: Annotated[list[NewsFields], Field(max_length=MAX_NEWS)] | None = None


class ConsensusRequest(BaseModel):
    """Ask the panel about one symbol and fetch the answer later; `required_agents` is another name of `agents`."""

    model_config = _FROZEN

    symbol: Symbol
    context: ConsensusContext
    agents: _Names | None = None
    required_agents: _Names | None = None
    method: Annotated[str, Field(max_length=40)] | None = None
    conflict_resolution: Annotated[str, Field(max_length=40)] | None = None
    config: dict[str, Any] | None = None
    as_of: Time | None = None
    timeout_seconds: Annotated[float, Field(strict=True, ge=0.1, le=300)] = DEFAULT_TIMEOUT_S

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if self.agents is not None and self.required_agents is not None:
            raise ValueError("send either agents or required_agents, not both")
        return self

    def to_analysis(self) -> AnalysisRequest:
        """Return the same question in the shape of an analysis."""
        return AnalysisRequest(
            symbol=self.symbol,
            market_data=self.context.market_data,
            technical_indicators=self.context.technical_indicators,
            account_info=self.context.account_info,
            news=self.context.news,
            agents=self.agents or self.required_agents,
            method=self.method,
            conflict_resolution=self.conflict_resolution,
            config=self.config,
            as_of=self.as_of,
            timeout_seconds=self.timeout_seconds,
        )


class TallyRequest(BaseModel):
    """Votes of your own agents, each of any quality: what is no ballot is reported in `rejected`."""

    model_config = _FROZEN

    votes: Annotated[list[Any], Field(max_length=MAX_VOTES)]
    config: dict[str, Any] | None = None
