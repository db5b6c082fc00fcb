"""Sealed votes: an agent first commits to a hash and shows its vote after the deadline, so nobody can vote on the
others'.

commitment = SHA-256("vote-commit-v1\\0" ‖ nonce, 32 raw bytes ‖ canonical vote with decision id and agent id).
Numbers of the vote are in fixed point (10^-9), so the same vote gives the same bytes however it was written. The ids
are those of the call: a commitment is worthless for another decision or another agent.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from app.consensus.canonical import canonical_json, fixed_point
from app.domain.errors import InvalidInputError

NONCE_BYTES: Final = 32
_DOMAIN: Final = b"vote-commit-v1\0"


class Reveal(NamedTuple):
    """What an agent shows after the deadline: its vote and the nonce that sealed it."""

    vote: Mapping[str, object]
    nonce: bytes


def commit(vote: Mapping[str, object], nonce: bytes, *, decision_id: str, agent_id: str) -> str:
    """Return the commitment to a vote, 64 lower-case hex digits.

    Raises:
        InvalidInputError: the nonce is not exactly 32 bytes, or the vote cannot be written as canonical JSON.
    """
    if not isinstance(nonce, bytes) or len(nonce) != NONCE_BYTES:
        raise InvalidInputError("The nonce of a commitment must be exactly 32 bytes.")
    sealed = fixed_point({**vote, "decision_id": decision_id, "agent_id": agent_id})
    return sha256(_DOMAIN + nonce + canonical_json(sealed)).hexdigest()


def check(
    commitment: str | None, reveal: Reveal | None, *, decision_id: str, agent_id: str
) -> Literal["valid", "invalid", "missing"]:
    """Judge a reveal after the deadline: no reveal is missing, anything that does not match is invalid."""
    if reveal is None:
        return "missing"
    try:
        shown = commit(reveal.vote, reveal.nonce, decision_id=decision_id, agent_id=agent_id)
    except InvalidInputError:
        return "invalid"
    return "valid" if shown == commitment else "invalid"
