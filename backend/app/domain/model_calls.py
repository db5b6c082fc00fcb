"""One question to a model as it is accounted for, and the exchange behind it as it is kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain.completions import Usage


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to a model and its answer, kept by the hash of both; no key and no header is in it.

    Args:
        id: SHA-256 of request key and response, in hex.
        request_key: SHA-256 of the canonical request, in hex.
        request, response: JSON bytes.
    """

    id: str
    request_key: str
    request: bytes
    response: bytes


def exchange_of(request: bytes, response: bytes, request_key: str | None = None) -> Exchange:
    """Name an exchange by its content.

    Args:
        request_key: of `request`, where it is known already.
    """
    key = request_key or hashlib.sha256(request).hexdigest()
    return Exchange(hashlib.sha256(key.encode() + response).hexdigest(), key, request, response)


def is_true_to_its_id(exchange: Exchange) -> bool:
    """Whether an exchange holds what it was named by."""
    return exchange_of(exchange.request, exchange.response) == exchange


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What was asked of whom, how it went and what it cost.

    Args:
        prompt: id and version, such as `market_analyst@1.0.0`.
        exchange_id: of the stored exchange; None when there is no answer, or exchanges are not recorded.
        error_kind, error: why there is no answer; see ProviderError.
        model: that answered; where none did, that was asked.
        attempts: requests sent, a retry and a hedge included; 0 when none was.
        spared: how many of them neither answered nor failed, for another model was faster.
        usage: tokens, None without an answer.
        cost: dollars; None when the price is not known.
    """

    agent_id: str
    provider: str
    model: str
    prompt: str
    request_key: str
    exchange_id: str | None
    started_at: datetime
    duration_ms: float
    attempts: int
    usage: Usage | None = None
    cost: Decimal | None = None
    error_kind: str | None = None
    error: str | None = None
    spared: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the call as it stands in the evidence."""
        return {
            "agent_id": self.agent_id,
            "provider": self.provider,
            "model": self.model,
            "prompt": self.prompt,
            "request_key": self.request_key,
            "exchange_id": self.exchange_id,
            "started_at": self.started_at.isoformat(),
            "duration_ms": round(self.duration_ms, 3),
            "attempts": self.attempts,
            "spared": self.spared,
            "input_tokens": self.usage.input_tokens if self.usage else None,
            "output_tokens": self.usage.output_tokens if self.usage else None,
            "cost": None if self.cost is None else str(self.cost),
            "error_kind": self.error_kind,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What a model answered once, or why it did not, for making a decision again.

    Args:
        completion: as kept; None when there was none.
        failed: requests that were sent for it and brought nothing.
    """

    request_key: str
    completion: Mapping[str, Any] | None
    error_kind: str | None = None
    error: str | None = None
    failed: int = 0
