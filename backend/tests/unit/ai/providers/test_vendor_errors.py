import json
from datetime import timedelta

import httpx
import httpx2
import ollama
import pytest
from anthropic import APIConnectionError, APIStatusError, APITimeoutError, AsyncAnthropic
from pydantic import ValidationError

from app.ai.providers.vendor_errors import provider_error, retry_after_s, status_error
from app.domain.errors import ProviderError
from tests.builders import START

SECRET = "sk-secret-4711"
REQUEST = httpx2.Request("POST", "http://vendor.test", headers={"Authorization": f"Bearer {SECRET}"})


def anthropic_status(status, headers=None, message=SECRET):
    body = {"type": "error", "error": {"type": "some_error", "message": message}}
    response = httpx2.Response(status, headers=headers, json=body, request=REQUEST)
    return AsyncAnthropic(api_key=SECRET)._make_status_error_from_response(response)


def caused(outer, cause):
    outer.__cause__ = cause
    return outer


def not_json():
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(SECRET)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, "invalid_response"),
        (400, "bad_request"),
        (401, "authentication"),
        (402, "bad_request"),
        (403, "permission"),
        (404, "not_found"),
        (408, "timeout"),
        (409, "bad_request"),
        (413, "too_large"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (500, "server_error"),
        (502, "server_error"),
        (503, "overloaded"),
        (504, "server_error"),
        (529, "overloaded"),
    ],
)
@pytest.mark.parametrize("raised", [anthropic_status, lambda status: ollama.ResponseError(SECRET, status)])
def test_every_status_has_its_kind_and_is_kept(raised, status, kind):
    error = provider_error("Vendor", raised(status), START)

    assert (error.kind, error.status) == (kind, status)
    assert str(error) == f"Vendor answered {status} ({kind.replace('_', ' ')})."


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (APITimeoutError(request=REQUEST), "timeout"),
        (APIConnectionError(request=REQUEST), "unreachable"),
        (caused(APIConnectionError(request=REQUEST), httpx2.LocalProtocolError(SECRET)), "bad_request"),
        (caused(APIConnectionError(request=REQUEST), httpx2.RemoteProtocolError(SECRET)), "unreachable"),
        (httpx.ConnectError(SECRET), "unreachable"),
        (httpx.ReadTimeout(SECRET), "timeout"),
        (httpx.PoolTimeout(SECRET), "timeout"),
        (httpx.RemoteProtocolError(SECRET), "unreachable"),
        (httpx.UnsupportedProtocol(SECRET), "bad_request"),
        (httpx.InvalidURL(SECRET), "bad_request"),
        (httpx.DecodingError(SECRET), "invalid_response"),
        (httpx2.ReadError(SECRET), "unreachable"),
        (httpx2.ConnectTimeout(SECRET), "timeout"),
        (ConnectionError(SECRET), "unreachable"),
        (TimeoutError(SECRET), "timeout"),
        (ollama.ResponseError(SECRET), "server_error"),
        (anthropic_status(200), "server_error"),
        (not_json(), "invalid_response"),
        (AssertionError(SECRET), "invalid_response"),
        (KeyError(SECRET), "invalid_response"),
        (AttributeError(SECRET), "invalid_response"),
        (ModuleNotFoundError(SECRET), "unsupported"),
        (RecursionError(SECRET), "invalid_response"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_every_exception_of_a_client_has_its_kind_and_says_nothing_of_the_vendors(failure, kind):
    error = provider_error("Vendor", failure, START)

    assert error.kind == kind
    assert SECRET not in repr(error)
    assert str(error).startswith("Vendor ")


def test_an_answer_that_pydantic_refuses_cannot_be_read():
    with pytest.raises(ValidationError) as caught:
        ollama.ChatResponse(message=SECRET)

    error = provider_error("Vendor", caught.value, START)

    assert (error.kind, str(error)) == (
        "invalid_response",
        "Vendor gave an answer that cannot be read (ValidationError).",
    )


def test_our_own_error_passes_even_where_a_client_wrapped_it():
    ours = ProviderError("too_large", "Vendor's answer is too large.")

    assert provider_error("Vendor", ours, START) is ours
    assert provider_error("Vendor", caused(APIConnectionError(request=REQUEST), ours), START) is ours


@pytest.mark.parametrize(
    "message",
    ["at most 20 strict tools", "tools.0.input_schema: minimum is not supported", "Compiled Grammar is too large"],
)
def test_a_400_about_a_schema_is_told_apart(message):
    assert provider_error("Vendor", anthropic_status(400, message=message), START).kind == "schema_refused"
    assert provider_error("Vendor", anthropic_status(500, message=message), START).kind == "server_error"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "900", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 01 Jan 2024 00:00:30 -0000"}, 30.0),
        ({"retry-after": "Sun, 31 Dec 2023 23:59:00 GMT"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 01 Foo 99999 00:00:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert retry_after_s(headers, START) == seconds
    assert status_error("Vendor", 429, headers, START).retry_after_s == seconds
    assert provider_error("Vendor", anthropic_status(529, headers), START).retry_after_s == seconds


def test_a_date_to_retry_after_is_seen_from_now():
    headers = {"retry-after": "Mon, 01 Jan 2024 00:00:30 GMT"}

    assert retry_after_s(headers, START + timedelta(seconds=20)) == 10.0


def test_a_status_error_without_a_body_is_mapped_too():
    bare = APIStatusError("", response=httpx2.Response(500, request=REQUEST), body=None)

    assert provider_error("Vendor", bare, START).kind == "server_error"
