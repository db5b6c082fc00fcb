"""What a caller sends to have a market simulated."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.domain.errors import FieldError, InvalidInputError
from app.domain.market import Interval
from app.domain.questions import DEFAULT_TIMEOUT_S
from app.domain.requests import Symbol, invalid_input
from app.domain.simulations import MAX_BARS_STREAMED, MAX_SYMBOLS, SimulationPlan

_WEEK_S = 604_800
SLOWEST = 0.001


def _each_once(symbols: list[str]) -> list[str]:
    return list(dict.fromkeys(symbols))


class SimulationRequest(BaseModel):
    """Let a market happen and the panel decide on each of its bars."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    symbol: Symbol | None = None
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=MAX_SYMBOLS), AfterValidator(_each_once)] | None = (
        None
    )
    regime: Annotated[
        str, Field(max_length=40, description="such as crash; an unknown one is refused with those there are")
    ]
    duration_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False, description="of simulated time")]
    interval_seconds: Annotated[
        float,
        Field(gt=0, le=_WEEK_S, description="length of a bar, whole from 1 on; below, bars of a second come so often"),
    ]
    speed: Annotated[
        float,
        Field(ge=0, le=1_000_000, description="simulated seconds in a second, from 0.001; 0 waits for no clock"),
    ] = 1.0
    seed: Annotated[int, Field(ge=0, lt=2**53, description="the same seed gives the same prices")] = 0
    start_price: Annotated[float, Field(ge=0.0001, le=1_000_000)] = 100.0
    agents: Annotated[list[str], Field(min_length=1, max_length=50)] | None = None
    method: Annotated[str, Field(max_length=40)] | None = None
    conflict_resolution: Annotated[str, Field(max_length=40)] | None = None
    config: dict[str, Any] | None = None
    timeout_seconds: Annotated[float, Field(ge=0.1, le=300)] = DEFAULT_TIMEOUT_S

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.symbol is None) == (self.symbols is None):
            raise ValueError("send either symbol or symbols")
        if self.interval_seconds > 1 and self.interval_seconds % 1:
            raise ValueError("interval_seconds must be whole from 1 on")
        if 0 < self.speed < SLOWEST:
            raise ValueError(f"speed must be 0, or {SLOWEST} and more")
        return self

    def to_plan(self) -> SimulationPlan:
        """Return the plan.

        Raises:
            InvalidInputError: the duration holds no bar, or too many.
        """
        bars = int(min(self.duration_minutes * 60 / self.interval_seconds + 1e-9, MAX_BARS_STREAMED + 1))
        if not 1 <= bars <= MAX_BARS_STREAMED:
            why = f"must hold 1 to {MAX_BARS_STREAMED:,} bars of interval_seconds"
            raise InvalidInputError(f"duration_minutes {why}.", [FieldError("duration_minutes", why)])
        length = max(1, round(self.interval_seconds))
        return SimulationPlan(
            symbols=tuple(self.symbols or [self.symbol or ""]),
            regime=self.regime,
            bars=bars,
            interval=Interval.of(length),
            speed=self.speed * length / self.interval_seconds,
            seed=self.seed,
            start_price=self.start_price,
            asked={
                "agents": tuple(self.agents or ()),
                "method": self.method,
                "conflict_resolution": self.conflict_resolution,
                "config": self.config or {},
                "timeout_s": self.timeout_seconds,
            },
        )


def read_simulation(fields: Mapping[str, Any]) -> SimulationPlan:
    """Validate a mapping.

    Raises:
        InvalidInputError: lists every field that is wrong.
    """
    try:
        return SimulationRequest.model_validate(fields).to_plan()
    except ValidationError as error:
        raise invalid_input(error) from None
