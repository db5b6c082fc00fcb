"""What a caller sends: one request for a decision, as JSON or as a Python mapping."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, NotRequired, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import core_schema
from typing_extensions import TypedDict

from app.domain.bar_checks import PRICES, bars_of
from app.domain.errors import FieldError, InvalidInputError, nameable
from app.domain.market import MAX_BARS, Account, Bars, Interval, NewsItem, Position
from app.domain.questions import DEFAULT_TIMEOUT_S, Question
from app.domain.times import as_utc, parse_as_of, parse_time

SYMBOL_PATTERN = r"^[A-Za-z0-9^][A-Za-z0-9=^_-]*(\.[A-Za-z0-9=^_-]+)*$"
MAX_NEWS = 200

_TIME = core_schema.union_schema(
    [core_schema.str_schema(strict=True, max_length=40), core_schema.datetime_schema(strict=True)],
    mode="left_to_right",
    custom_error_type="time",
    custom_error_message="must be an ISO 8601 time in a string, such as 2024-01-02T00:00:00+00:00",
)
Time = Annotated[
    datetime | str,
    GetPydanticSchema(lambda _source, _handler: _TIME),
    WithJsonSchema({"type": "string", "maxLength": 40, "examples": ["2024-01-02T00:00:00+00:00"]}),
]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Price = Annotated[Number, Field(gt=0)]
Money = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=30)]
Times = Annotated[list[Time], Field(max_length=MAX_BARS)]
Numbers = Annotated[list[Number], Field(max_length=MAX_BARS)]
Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN, max_length=32, examples=["AAPL"]), AfterValidator(str.upper)]

_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BarFields(TypedDict):
    """One bar; it covers [timestamp, timestamp + interval)."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    timestamp: Time
    open: Number
    high: Number
    low: Number
    close: Number
    volume: NotRequired[Number | None]


class MarketData(BaseModel):
    """Bars, oldest first, either as a list of `bars` or by column; `interval` is inferred when absent."""

    model_config = _FROZEN

    bars: Annotated[list[BarFields], Field(max_length=MAX_BARS)] | None = None
    timestamp: Times | None = None
    open: Numbers | None = None
    high: Numbers | None = None
    low: Numbers | None = None
    close: Numbers | None = None
    volume: Annotated[list[Number | None], Field(max_length=MAX_BARS)] | None = None
    interval: Annotated[str, Field(max_length=10, examples=["1d"])] | None = None
    current_price: Price | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        columns = (self.timestamp, self.open, self.high, self.low, self.close)
        if self.bars is not None:
            if any(column is not None for column in (*columns, self.volume)):
                raise ValueError("send either bars or columns, not both")
        elif any(column is None for column in columns):
            raise ValueError("send bars, or all of the columns timestamp, open, high, low and close")
        elif len({len(column) for column in (*columns, self.volume) if column is not None}) > 1:
            raise ValueError("all columns must have the same number of entries")
        return self

    def to_bars(self) -> Bars:
        """Return the checked columns.

        Raises:
            InvalidMarketDataError: says which bar and why.
        """
        interval = Interval.parse(self.interval) if self.interval else None
        times, prices, volume = self._columns()
        return bars_of(times, prices, volume, interval)

    def _columns(self) -> tuple[Sequence[datetime | str], Sequence[Sequence[float]], Sequence[float | None]]:
        if self.bars is not None:
            rows = self.bars
            prices = [[row[name] for row in rows] for name in PRICES]  # type: ignore[literal-required]
            return [row["timestamp"] for row in rows], prices, [row.get("volume") for row in rows]
        times = self.timestamp or []
        prices = [getattr(self, name) for name in PRICES]
        return times, prices, [None] * len(times) if self.volume is None else self.volume


class PositionFields(BaseModel):
    """Shares held; negative is short."""

    model_config = _FROZEN

    quantity: Money
    average_price: Money | None = None


class AccountFields(BaseModel):
    """Money and quantities: decimals, best as strings."""

    model_config = _FROZEN

    equity: Money | None = None
    cash: Money | None = None
    positions: Annotated[dict[Symbol, PositionFields], Field(max_length=1_000)] = Field(default_factory=dict)

    def to_account(self) -> Account:
        """Return the account as analysts see it."""
        held = {name: Position(each.quantity, each.average_price) for name, each in self.positions.items()}
        return Account(self.equity, self.cash, held)


class NewsFields(BaseModel):
    """One headline; its text is data and never an instruction."""

    model_config = _FROZEN

    timestamp: Time
    source: Annotated[str, Field(max_length=100)]
    title: Annotated[str, Field(min_length=1, max_length=500)]
    text: Annotated[str, Field(max_length=10_000)] | None = None

    def to_item(self, position: int) -> NewsItem:
        """Return the item.

        Raises:
            InvalidInputError: the time cannot be read.
        """
        moment = _moment(self.timestamp, parse_time, f"news.{position}.timestamp")
        return NewsItem(moment, self.source, self.title, self.text)


class AnalysisRequest(BaseModel):
    """Ask the panel about one symbol."""

    model_config = _FROZEN

    symbol: Symbol
    market_data: MarketData
    technical_indicators: Annotated[dict[str, Number], Field(max_length=100)] | None = None
    account_info: AccountFields | None = None
    news: Annotated[list[NewsFields], Field(max_length=MAX_NEWS)] | None = None
    agents: Annotated[list[str], Field(min_length=1, max_length=50)] | None = None
    method: Annotated[str, Field(max_length=40)] | None = None
    conflict_resolution: Annotated[str, Field(max_length=40)] | None = None
    config: dict[str, Any] | None = None
    as_of: Time | None = None
    timeout_seconds: Annotated[float, Field(strict=True, ge=0.1, le=300)] = DEFAULT_TIMEOUT_S

    def to_question(self, bars: Bars | None = None, correlation_id: str = "") -> Question:
        """Return the request as the desk handles it.

        Args:
            bars: already checked; they stand in for `market_data`.
            correlation_id: the caller's, or empty for a new one.

        Raises:
            InvalidInputError: bars or times cannot be used; says which and why.
        """
        items = [each.to_item(position) for position, each in enumerate(self.news or ())]
        return Question(
            symbol=self.symbol,
            bars=self.market_data.to_bars() if bars is None else bars,
            current_price=self.market_data.current_price,
            indicators=self.technical_indicators or {},
            account=self.account_info.to_account() if self.account_info else None,
            news=tuple(sorted(items, key=lambda item: item.timestamp)),
            agents=tuple(self.agents or ()),
            method=self.method,
            conflict_resolution=self.conflict_resolution,
            config=self.config or {},
            as_of=None if self.as_of is None else _moment(self.as_of, parse_as_of, "as_of"),
            timeout_s=self.timeout_seconds,
            correlation_id=correlation_id,
        )


def _moment(value: datetime | str, read: Any, loc: str) -> datetime:
    try:
        return as_utc(value) if isinstance(value, datetime) else read(value)
    except (ValueError, OverflowError):
        why = "not an ISO 8601 time such as 2024-01-02 or 2024-01-02T21:00:00+00:00"
        raise InvalidInputError(f"{loc} is {why}.", [FieldError(loc, why)]) from None


def read_request(fields: Mapping[str, Any]) -> AnalysisRequest:
    """Validate a mapping.

    Raises:
        InvalidInputError: lists every field that is wrong.
    """
    try:
        return AnalysisRequest.model_validate(fields)
    except ValidationError as error:
        raise invalid_input(error) from None


def invalid_input(error: ValidationError) -> InvalidInputError:
    """Return pydantic's findings without a word of what was sent."""
    findings = [
        FieldError(_place(each["loc"]), _reason(each["type"], each["msg"]))
        for each in error.errors(include_input=False, include_url=False, include_context=False)[:20]
    ]
    first = findings[0]
    return InvalidInputError(f"{first.loc or 'The request'}: {first.message}.", findings)


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def _place(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) if isinstance(part, int) or _PLAIN.fullmatch(part) else nameable(part) for part in loc)


def _reason(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "this field is not known here; remove it"
    if kind == "missing":
        return "this field is required"
    return message.removeprefix("Value error, ")
