"""What the answers about simulated markets look like, for the OpenAPI page alone."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.web.schemas import DecisionId, Final, Instant


class SymbolFigures(BaseModel):
    """What happened to one symbol so far."""

    bars: int
    bars_skipped: Annotated[int, Field(description="passed over, the panel being busy with an older one")]
    decisions: int
    final_recommendations: dict[Final, int]
    first_price: float
    last_price: float
    change: Annotated[float, Field(description="fraction")]


class SimulationView(BaseModel):
    """A simulated market: what was asked for, and the figures so far."""

    simulation_id: DecisionId
    status: Literal["running", "complete", "stopped", "failed"]
    reason: Annotated[str | None, Field(description="why it failed")] = None
    symbols: list[str]
    regime: str
    bars_planned: Annotated[int, Field(description="over all symbols")]
    interval_seconds: int
    speed: float
    seed: int
    started_at: Instant
    duration_seconds: float
    bars: int
    bars_skipped: int
    decisions: int
    decisions_per_second: float
    final_recommendations: dict[Final, int]
    by_symbol: dict[str, SymbolFigures]
    status_url: str


class SimulationList(BaseModel):
    """The regimes that can be asked for, and the simulations of this process, the newest first."""

    regimes: list[str]
    items: list[SimulationView]
