"""What a request may cost at most, and what a failed one is taken to have cost."""

from typing import Final

from app.domain.completions import ModelRequest, Usage
from app.domain.errors import ProviderError

BYTES_PER_TOKEN: Final = 3
# The vendor had begun to work, so it may charge for what it read. An HTTP status that is an error is not charged for,
# and where nobody was reached there is nobody to charge.
MAYBE_CHARGED: Final = frozenset(
    {"timeout", "cut_short", "invalid_response", "refusal", "too_large", "server_error", "cancelled"}
)


def request_tokens(request: ModelRequest) -> int:
    """Return how many tokens a request has at most, by its length; figures and JSON take about three bytes each."""
    return -(-len(request.written) // BYTES_PER_TOKEN)


def most_usage(input_tokens: int, max_tokens: int) -> Usage:
    """Return the dearest usage: all input is written to the vendor's cache, all output is used."""
    return Usage(input_tokens, max_tokens, cache_write_tokens=input_tokens)


def lost_usage(failure: BaseException, input_tokens: int) -> Usage:
    """Return what is charged for a request that was sent and brought no answer: what was read, or nothing."""
    if not isinstance(failure, ProviderError):  # cancelled
        return Usage(input_tokens)
    is_charged = failure.status is None and failure.kind in MAYBE_CHARGED
    return Usage(input_tokens) if is_charged else Usage()
