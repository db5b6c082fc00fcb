"""What went wrong with a vendor, told in our own words: one table for every client's exceptions."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from app.domain.errors import ProviderError

# Names of classes, so that no vendor's library is imported; what is not listed was an answer nobody can read.
_KIND_OF_CLASS = {
    "APITimeoutError": "timeout",
    "TimeoutException": "timeout",
    "TimeoutError": "timeout",
    "LocalProtocolError": "bad_request",
    "UnsupportedProtocol": "bad_request",
    "InvalidURL": "bad_request",
    "TransportError": "unreachable",
    "APIConnectionError": "unreachable",
    "OSError": "unreachable",
    "ImportError": "unsupported",
}
_KIND_OF_STATUS = {
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_OF_SCHEMAS = ("schema", "grammar", "strict")
_WORDS = {
    "timeout": "gave no answer in time",
    "bad_request": "could not be asked; check its address and its key",
    "unreachable": "could not be reached",
    "unsupported": "cannot be asked; its client is not installed",
}


def provider_error(vendor: str, failure: Exception, now: datetime) -> ProviderError:
    """Return what `failure` means.

    Args:
        failure: whatever a client raised.
        now: for a Retry-After that is a date.
    """
    cause = failure.__cause__
    for each in (cause, failure):
        if isinstance(each, ProviderError):
            return each
    status = getattr(failure, "status_code", None)
    if isinstance(status, int):
        return _of_status(vendor, failure, status, now)
    kind = _kind(cause) or _kind(failure)
    if kind is None:
        message = f"{vendor} gave an answer that cannot be read ({type(failure).__name__})."
        return ProviderError("invalid_response", message)
    return ProviderError(kind, f"{vendor} {_WORDS[kind]}.")


def status_error(vendor: str, status: int, headers: Mapping[str, str], now: datetime) -> ProviderError:
    """Return what an HTTP status that is not a success means."""
    kind = kind_of_status(status)
    words = kind.replace("_", " ")
    return ProviderError(kind, f"{vendor} answered {status} ({words}).", retry_after_s(headers, now), status)


def kind_of_status(status: int) -> str:
    """Return the kind of error; a redirection is an answer nobody asked for."""
    if status < 400:
        return "invalid_response"
    return _KIND_OF_STATUS.get(status, "server_error" if status >= 500 else "bad_request")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds the vendor asks to wait, 0 or more; None when it does not say."""
    for name, scale in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return max(0.0, seconds / scale)
    return _until(headers.get("retry-after"), now)


def is_about_schema(failure: Exception) -> bool:
    """Whether a vendor refused the request because of a schema in it."""
    told = str(getattr(failure, "body", None) or "").lower()
    return getattr(failure, "status_code", None) == 400 and any(word in told for word in _OF_SCHEMAS)


def _of_status(vendor: str, failure: Exception, status: int, now: datetime) -> ProviderError:
    if status < 300:  # an error told in the middle of a stream, after the status had been sent
        return ProviderError("server_error", f"{vendor} broke off with an error.")
    if is_about_schema(failure):
        return ProviderError(
            "schema_refused", f"{vendor} refused the schema of the answer or of a tool.", status=status
        )
    response: Any = getattr(failure, "response", None)
    return status_error(vendor, status, response.headers if response is not None else {}, now)


def _kind(failure: BaseException | None) -> str | None:
    names = (base.__name__ for base in type(failure).__mro__)
    return next((_KIND_OF_CLASS[name] for name in names if name in _KIND_OF_CLASS), None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(text: str | None, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
