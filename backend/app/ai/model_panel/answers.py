"""What a model must answer, how that is read, and what is said to it when it cannot be read."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Protocol, Self, TypeVar, get_args

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from app.ai.analysts.news_analyst import opinion_of_tone
from app.analysis.outside_text import visible
from app.domain.market import AnalysisContext
from app.domain.votes import ABSTAIN, BUY, HOLD, RECORD_DECIMALS, SELL, STRONG_BUY, STRONG_SELL, Opinion

Answer = TypeVar("Answer", bound=BaseModel)

MAX_FINDINGS: Final = 6
MAX_REASONING: Final = 2_000

SYNONYMS: Final[Mapping[str, str]] = {
    "STRONGBUY": STRONG_BUY,
    "STRONGSELL": STRONG_SELL,
    "LONG": BUY,
    "ACCUMULATE": BUY,
    "OVERWEIGHT": BUY,
    "OUTPERFORM": BUY,
    "SHORT": SELL,
    "REDUCE": SELL,
    "UNDERWEIGHT": SELL,
    "UNDERPERFORM": SELL,
    "NEUTRAL": HOLD,
    "WAIT": HOLD,
    "KEEP": HOLD,
    "NO_OPINION": ABSTAIN,
}


class UnreadableError(Exception):
    """An answer that is no vote; `findings` say in a few words what is wrong with it."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__("The answer is no vote.")
        self.findings = findings[:MAX_FINDINGS]


def _word(value: object) -> object:
    if not isinstance(value, str):
        return value
    word = "_".join(value.upper().replace("-", " ").replace("_", " ").split())
    return SYNONYMS.get(word, word)


def _kind(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _number(value: object) -> object:
    """Take a number that was written as text; a percentage is left for the repair, for it may mean either.

    A truth value is no number, though Python counts with it.
    """
    if isinstance(value, bool):
        raise ValueError("must be a number")
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _shown(text: str) -> str:
    """Return words as they are recorded: on one line, nothing hidden in them, of bounded length."""
    words = " ".join(visible(text).split())[:MAX_REASONING]
    if not words:
        raise ValueError("must say why")
    return words


_CONFIG: Final = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
_Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
_Share = Annotated[_Number, Field(ge=0, le=1)]
_Price = Annotated[_Number, Field(ge=10**-RECORD_DECIMALS)]  # less would be recorded as 0
_Reasoning = Annotated[str, AfterValidator(_shown)]
_Decision = Annotated[
    Literal["STRONG_BUY", "BUY", "HOLD", "SELL", "STRONG_SELL", "ABSTAIN"],
    BeforeValidator(_word),
]


class VoteAnswer(BaseModel):
    """A vote as a model writes it."""

    model_config = _CONFIG

    decision: _Decision
    confidence: _Share | None
    reasoning: _Reasoning
    risk: _Share | None
    position_size: _Share | None
    stop_loss: _Price | None
    take_profit: _Price | None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.decision != ABSTAIN and self.confidence is None:
            raise ValueError("confidence must be a number from 0 to 1 unless you abstain")
        return self


EventKind = Literal[
    "earnings", "guidance", "merger", "legal", "product", "management", "macro", "rating", "other", "none"
]


class NewsAnswer(BaseModel):
    """The news as a model reads it; the vote is made of it by the published rule."""

    model_config = _CONFIG

    sentiment: Annotated[_Number, Field(ge=-1, le=1)]
    relevance: _Share
    event: Annotated[EventKind, BeforeValidator(_kind)]
    reasoning: _Reasoning


class AnswerForm(Protocol):
    """How an analyst's answer looks and what opinion it makes."""

    prompt_id: str
    schema: Mapping[str, Any]

    def read(self, text: str, context: AnalysisContext) -> Opinion:
        """Return the opinion, without its source.

        Raises:
            UnreadableError: the text is no such answer.
        """


def _object(**fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


_MAYBE: Final = {"type": ["number", "null"]}


class VoteForm:
    """A vote with risk, size, stop and target."""

    prompt_id = "vote"
    schema: Mapping[str, Any] = _object(
        decision={"type": "string", "enum": [STRONG_BUY, BUY, HOLD, SELL, STRONG_SELL, ABSTAIN]},
        confidence=_MAYBE,
        reasoning={"type": "string"},
        risk=_MAYBE,
        position_size=_MAYBE,
        stop_loss=_MAYBE,
        take_profit=_MAYBE,
    )

    def read(self, text: str, context: AnalysisContext) -> Opinion:
        """Return the opinion; see `AnswerForm.read`."""
        answer = _validated(VoteAnswer, text)
        if context.current_price is not None or len(context.bars):
            _check_sides(answer, context.price)
        return Opinion(
            decision=answer.decision,
            confidence=None if answer.decision == ABSTAIN else answer.confidence,
            reasoning=answer.reasoning,
            risk=answer.risk,
            position_size=answer.position_size,
            stop_loss=answer.stop_loss,
            take_profit=answer.take_profit,
        )


class NewsForm:
    """Sentiment, relevance and kind of event: nothing that sizes or places a trade."""

    prompt_id = ""
    schema: Mapping[str, Any] = _object(
        sentiment={"type": "number"},
        relevance={"type": "number"},
        event={"type": "string", "enum": list(get_args(EventKind))},
        reasoning={"type": "string"},
    )

    def read(self, text: str, context: AnalysisContext) -> Opinion:
        """Return the opinion; see `AnswerForm.read`."""
        answer = _validated(NewsAnswer, text)
        read = f"tone {answer.sentiment:+.2f}, relevance {answer.relevance:.2f}, {answer.event}"
        return opinion_of_tone(answer.sentiment, answer.relevance, f"{answer.reasoning} ({read})")


def _check_sides(answer: VoteAnswer, price: float) -> None:
    """A stop beyond the price on the wrong side would be executed at once."""
    side = {BUY: 1, STRONG_BUY: 1, SELL: -1, STRONG_SELL: -1}.get(answer.decision, 0)
    wrong = [
        f"{name} must lie {'below' if side * way > 0 else 'above'} the current price"
        for name, level, way in (("stop_loss", answer.stop_loss, 1), ("take_profit", answer.take_profit, -1))
        if level is not None and side and (price - level) * side * way <= 0
    ]
    if wrong:
        raise UnreadableError(wrong)


def _validated(form: type[Answer], text: str) -> Answer:
    try:
        return form.model_validate(_object_in(text))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise UnreadableError([f"{_place(each['loc'])}: {each['msg']}" for each in found]) from None


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "the object"


def _object_in(text: str) -> dict[str, Any]:
    """Return the JSON object that the text is, or that it holds between its outermost braces."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = orjson.loads(text[start : end + 1])
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise UnreadableError(["the answer must be one JSON object with the named fields and nothing else"])
    return found
