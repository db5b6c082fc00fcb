"""From a request to the question the desk handles, with what only a caller from outside can get wrong."""

from dataclasses import replace
from datetime import UTC, datetime

from app.domain.errors import FieldError, InvalidMarketDataError
from app.domain.questions import Question
from app.domain.requests import AnalysisRequest
from app.domain.times import to_micros

LAST_INSTANT = to_micros(datetime.max.replace(tzinfo=UTC))


def question_of(request: AnalysisRequest, correlation_id: str) -> Question:
    """Return the question.

    Raises:
        InvalidInputError: bars or times cannot be used; says which and why.
    """
    question = request.to_question()
    if question.bars.ends_at > LAST_INSTANT:
        place, why = f"market_data.bars.{len(question.bars) - 1}", "it ends after the year 9999"
        raise InvalidMarketDataError(f"{place}: {why}.", [FieldError(place, why)])
    return replace(question, correlation_id=correlation_id)
