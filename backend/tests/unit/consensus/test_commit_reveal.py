"""Sealed votes: what was committed is what may be shown."""

from hashlib import sha256
from typing import Any

import pytest

from app.consensus.commit_reveal import Reveal, check, commit
from app.domain.errors import InvalidInputError
from tests.unit.consensus.builders import vote

NONCE = bytes(range(32))
IDS = {"decision_id": "d1", "agent_id": "a"}
VOTE = vote("a", "BUY", 0.8)
SEAL = commit(VOTE, NONCE, **IDS)


def test_the_commitment_covers_the_domain_the_nonce_and_the_vote_with_its_ids() -> None:
    sealed = b'{"agent_id":"a","confidence":800000000,"decision":"BUY","decision_id":"d1"}'

    assert sha256(b"vote-commit-v1\0" + NONCE + sealed).hexdigest() == SEAL


def test_the_vote_that_was_committed_is_valid() -> None:
    assert check(SEAL, Reveal(VOTE, NONCE), **IDS) == "valid"


def test_no_reveal_is_missing() -> None:
    assert check(SEAL, None, **IDS) == "missing"


@pytest.mark.parametrize(
    "reveal",
    [
        Reveal(VOTE | {"decision": "SELL"}, NONCE),
        Reveal(VOTE | {"confidence": 0.81}, NONCE),
        Reveal(VOTE | {"confidence": float("nan")}, NONCE),
        Reveal(VOTE, bytes(32)),
        Reveal(VOTE, NONCE + b"\0"),
        Reveal(VOTE, NONCE[:31]),
    ],
)
def test_anything_else_is_invalid(reveal: Reveal) -> None:
    assert check(SEAL, reveal, **IDS) == "invalid"


@pytest.mark.parametrize("ids", [{"decision_id": "d2"}, {"agent_id": "b"}])
def test_a_commitment_is_worthless_elsewhere(ids: dict[str, str]) -> None:
    assert check(SEAL, Reveal(VOTE, NONCE), **(IDS | ids)) == "invalid"


def test_a_reveal_without_a_commitment_is_invalid() -> None:
    assert check(None, Reveal(VOTE, NONCE), **IDS) == "invalid"


@pytest.mark.parametrize("nonce", [b"", bytes(31), bytes(33), "0" * 32, None])
def test_a_nonce_has_exactly_32_bytes(nonce: Any) -> None:
    with pytest.raises(InvalidInputError, match="32 bytes"):
        commit(VOTE, nonce, **IDS)
