"""The errors of the desk: each names the thing, what is wrong with it and the next step.

`str(error)` is for the person who made the call and may quote a short name they gave. `error.public` is for
everyone else (a response, a log): it never repeats what was sent.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SHORT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,39}")


def nameable(name: object) -> str:
    """Return `name` in quotes when it is a short plain identifier, else words that stand for it."""
    return repr(name) if isinstance(name, str) and _SHORT_NAME.fullmatch(name) else "(a name that cannot be shown)"


class AgentSystemError(Exception):
    """Root of every error that Conclave raises on purpose."""

    @property
    def public(self) -> str:
        """The message without anything the caller sent."""
        return str(self)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: where it is (`market_data.bars.3.high`) and what to do about it."""

    loc: str
    message: str


class InvalidInputError(AgentSystemError):
    """The input cannot be used; nothing was done. `errors` lists every finding."""

    def __init__(self, message: str, errors: Iterable[FieldError] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class InvalidMarketDataError(InvalidInputError):
    """Bars that no market can have printed: the message says which bar and why."""


class ConfigurationError(InvalidInputError):
    """A setting of the consensus engine is unknown or out of its range; the message names it."""


class UnknownNameError(InvalidInputError):
    """A method, strategy, analyst or tool that does not exist; the message lists those that do."""

    def __init__(self, kind: str, name: object, choices: Iterable[str]) -> None:
        self.kind = kind
        listed = list(choices)
        self._choices = ", ".join(listed[:-1]) + f" or {listed[-1]}" if len(listed) > 1 else "".join(listed)
        message = f"Unknown {kind} {nameable(name)}. Choose {self._choices}."
        super().__init__(message, [FieldError(kind, self.public)])

    @property
    def public(self) -> str:
        return f"Unknown {self.kind}. Choose {self._choices}."


class NotFoundError(AgentSystemError):
    """Nothing is kept under that id."""


class ConflictError(AgentSystemError):
    """The request is fine but does not fit the present state, such as cancelling what is complete."""


class StillRunningError(ConflictError):
    """The first request with this Idempotency-Key has not been answered yet."""


class KeyReusedError(InvalidInputError):
    """The Idempotency-Key was used before with another body."""


class StoreError(AgentSystemError):
    """The record could not be read or written."""


class StoreUnavailableError(StoreError):
    """The store did not accept the write, for instance because the disk is full; nothing was stored."""


class StoreOutdatedError(StoreError):
    """The store was written by another version of Conclave; the message names the command that upgrades it."""


class RecordCorruptError(StoreError):
    """What was read back is not what was written: a hash, a link or a segment of bars does not fit."""


class TransportError(AgentSystemError):
    """A message could not be handed over."""


class ToolFailedError(AgentSystemError):
    """A tool gave no result; `status` is `error`, `denied` or `invalid_args`."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class ProviderError(AgentSystemError):
    """A model gave no usable answer.

    Args:
        kind: one of `KINDS`.
        message: what happened, without a key, a header, the request or the answer.
        retry_after_s: how long the vendor asks to wait, if it said so.
        status: the HTTP status, if there was one.
    """

    KINDS = frozenset(
        {
            "unreachable",
            "timeout",
            "rate_limited",
            "overloaded",
            "server_error",
            "invalid_response",
            "cut_short",
            "too_large",
            "bad_request",
            "schema_refused",
            "authentication",
            "permission",
            "not_found",
            "refusal",
            "invalid_vote",
            "tool_limit",
            "cancelled",
            "circuit_open",
            "budget_spent",
            "retries_spent",
            "not_recorded",
            "unsupported",
            "internal",
        }
    )
    TRANSIENT = frozenset({"unreachable", "timeout", "rate_limited", "overloaded", "server_error", "cut_short"})

    def __init__(self, kind: str, message: str, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.status = status

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed a moment later."""
        return self.kind in self.TRANSIENT


class OverloadedError(AgentSystemError):
    """More is being asked than can be done now; asking again later is safe."""
