"""The chain of a symbol's decisions: each record holds the hash of the one before, so none can be changed unnoticed.

hash = SHA-256("decision-log-v1\\0" ‖ previous hash, 32 raw bytes ‖ canonical JSON of the record without `hash`). The
gapless sequence, from 1, is inside the hashed record. A chain cut off at its end still fits together: only a head
that was noted elsewhere (its sequence and hash) shows that the latest records are gone.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from app.consensus.canonical import canonical_record
from app.domain.errors import InvalidInputError

GENESIS: Final = "0" * 64
_DOMAIN: Final = b"decision-log-v1\0"
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ChainProblem(NamedTuple):
    """The first thing that does not fit.

    Args:
        sequence: the number the record at this place should have.
        reason: `sequence` (missing, repeated or out of order), `link` (does not continue the one before),
            `hash` (the content is not what was hashed), `unreadable` (cannot have been hashed at all).
    """

    sequence: int
    reason: Literal["sequence", "link", "hash", "unreadable"]


class ChainLink(NamedTuple):
    """Where a chain stands: the number of the last record and its hash."""

    sequence: int
    hash: str


FIRST_LINK: Final = ChainLink(0, GENESIS)
"""Before the first record."""


def record_hash(previous_hash: str, record: Mapping[str, object]) -> str:
    """Return the hash of a record, 64 lower-case hex digits.

    Args:
        previous_hash: of the record before, or GENESIS.
        record: without `hash`; its floats are hashed as fixed-point integers.

    Raises:
        InvalidInputError: the record cannot be written as canonical JSON, or the previous hash is none.
    """
    if not isinstance(previous_hash, str) or not _HASH.fullmatch(previous_hash):
        raise InvalidInputError("The previous hash must be 64 lower-case hex digits.")
    return sha256(_DOMAIN + bytes.fromhex(previous_hash) + canonical_record(record)).hexdigest()


def verify_chain(records: Iterable[Mapping[str, object]]) -> ChainProblem | None:
    """Return the first problem of one symbol's records, oldest first, or None when the chain holds."""
    link = FIRST_LINK
    for record in records:
        problem, further = follow(link, record)
        if further is None:
            return problem
        link = further
    return None


def follow(link: ChainLink, record: Mapping[str, object]) -> tuple[ChainProblem, None] | tuple[None, ChainLink]:
    """Go one record further: return its problem, or the link that the next record must fit."""
    problem = _problem(link.sequence + 1, link.hash, record)
    if problem is not None:
        return problem, None
    return None, ChainLink(link.sequence + 1, str(record["hash"]))


def _problem(sequence: int, previous: str, record: Mapping[str, object]) -> ChainProblem | None:
    found = record.get("sequence")
    if type(found) is not int or found != sequence:
        return ChainProblem(sequence, "sequence")
    if record.get("previous_hash") != previous:
        return ChainProblem(sequence, "link")
    try:
        expected = record_hash(previous, {name: value for name, value in record.items() if name != "hash"})
    except InvalidInputError:
        return ChainProblem(sequence, "unreadable")
    return None if record.get("hash") == expected else ChainProblem(sequence, "hash")
