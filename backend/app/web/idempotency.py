"""Idempotency-Key: the same key and body get the first answer again, whatever happened to the first connection."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import rfc8785
from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from app.composition import Desk
from app.domain.decisions import KeyedAnswer
from app.domain.errors import FieldError, KeyReusedError, StillRunningError
from app.web.bodies import json_of
from app.web.replies import json_reply

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]+$",
        min_length=1,
        max_length=200,
        description="1 to 200 visible ASCII characters: the same key and body get the first answer again.",
    ),
]
EXACT_INTEGERS = 2**53 - 1
REPLAYED = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A key and the request it stands for."""

    key: str
    fingerprint: str

    def answer(self, status: int, *, decision_id: str | None = None, body: bytes | None = None) -> KeyedAnswer:
        """Return the answer to keep under the key."""
        return KeyedAnswer(self.key, self.fingerprint, status, decision_id, body)


Work = Callable[[Claim | None], Awaitable[Response]]


async def once(request: Request, desk: Desk, key: str | None, work: Work) -> Response:
    """Answer with `work`, or with what was kept when the key has been used for the same request.

    Args:
        work: gets the claim to settle together with its result; None without a key.

    Raises:
        StillRunningError: the first request with this key has not been answered yet.
        KeyReusedError: the key was used with another body or address.
    """
    if key is None:
        return await work(None)
    claim = Claim(key, await asyncio.to_thread(fingerprint, request.url.path, json_of(request)))
    running: dict[str, str] = request.app.state.running_keys
    if key in running:
        _check_same(claim, running[key])
        raise StillRunningError("The first request with this Idempotency-Key is still running; ask again shortly.")
    running[key] = claim.fingerprint
    try:
        return await _kept(desk, claim) or await work(claim)
    except StillRunningError:
        kept = await _kept(desk, claim)
        if kept is None:
            raise
        return kept
    finally:
        del running[key]


async def _kept(desk: Desk, claim: Claim) -> Response | None:
    kept = await desk.store.answer(claim.key)
    if kept is None:
        return None
    _check_same(claim, kept.fingerprint)
    body = kept.body
    if body is None and kept.decision_id is not None:
        body = (await desk.coordinator.record(kept.decision_id)).body
    return json_reply(body or b"", kept.status, REPLAYED)


def _check_same(claim: Claim, first: str) -> None:
    if claim.fingerprint != first:
        why = "This Idempotency-Key was used for another request; take a new key for a new request."
        raise KeyReusedError(why, [FieldError("Idempotency-Key", why)])


def fingerprint(route: str, body: Any) -> str:
    """Return the SHA-256 over route and canonical JSON (RFC 8785) of the body, in hex."""
    return hashlib.sha256(route.encode() + b"\0" + rfc8785.dumps(_as_doubles(body))).hexdigest()


def _as_doubles(value: Any) -> Any:
    """Canonical JSON has doubles alone: an integer that is none becomes the nearest one."""
    if isinstance(value, dict):
        return {name: _as_doubles(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_as_doubles(part) for part in value]
    return float(value) if isinstance(value, int) and abs(value) > EXACT_INTEGERS else value
