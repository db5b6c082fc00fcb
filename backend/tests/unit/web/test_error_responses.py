"""Every error as a problem document."""

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from app.access.policy import Refusal
from app.access.strict_json import MalformedJsonError
from app.domain import errors as desk
from app.web.error_responses import (
    BodyTooLargeError,
    NotJsonError,
    StoppingError,
    problem_of,
    refused,
    respond,
    status_of,
)

CASES = [
    (desk.InvalidInputError("bad", [desk.FieldError("a.b", "is bad")]), 422),
    (desk.InvalidMarketDataError("bad"), 422),
    (desk.ConfigurationError("bad"), 422),
    (desk.UnknownNameError("method", "CANARY", ["a", "b"]), 422),
    (desk.KeyReusedError("bad"), 422),
    (desk.NotFoundError("bad"), 404),
    (desk.ConflictError("bad"), 409),
    (desk.StillRunningError("bad"), 409),
    (desk.StoreUnavailableError("bad"), 503),
    (desk.OverloadedError("bad"), 503),
    (desk.RecordCorruptError("bad"), 500),
    (desk.AgentSystemError("bad"), 500),
    (StoppingError(), 503),
    (MalformedJsonError("bad"), 400),
    (BodyTooLargeError("bad"), 413),
    (NotJsonError("bad"), 415),
    (refused(Refusal("host", "bad")), 403),
    (refused(Refusal("key", "bad")), 401),
    (RecursionError("CANARY"), 500),
    (ValueError("CANARY"), 500),
]


@pytest.mark.parametrize(("error", "status"), CASES)
def test_an_error_has_its_status_and_every_member(error, status):
    answer = respond(error)
    problem = orjson.loads(answer.body)

    assert (status_of(error), answer.status_code, problem["status"]) == (status, status, status)
    assert problem.keys() == {"type", "title", "status", "detail", "errors"}
    assert answer.media_type == "application/problem+json"
    assert b"CANARY" not in answer.body


@pytest.mark.parametrize(
    "error",
    [desk.StillRunningError("x"), desk.StoreUnavailableError("x"), desk.OverloadedError("x"), StoppingError()],
)
def test_what_passes_says_when_to_ask_again(error):
    assert respond(error).headers["retry-after"] == "1"


def test_findings_are_listed():
    assert problem_of(CASES[0][0])["errors"] == [{"loc": "a.b", "message": "is bad"}]


def test_a_validation_error_is_input_that_cannot_be_used():
    with pytest.raises(ValidationError) as found:
        TypeAdapter(int).validate_python("CANARY")

    problem = problem_of(found.value)
    assert problem["status"] == 422
    assert "CANARY" not in str(problem)
