"""The chain of records: whatever is changed, taken out or moved shows."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.consensus.chain import GENESIS, ChainProblem, record_hash, verify_chain
from app.domain.errors import InvalidInputError


def a_chain(length: int) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    previous = GENESIS
    for sequence in range(1, length + 1):
        record: dict[str, Any] = {"sequence": sequence, "previous_hash": previous, "decision": "BUY", "note": "é"}
        record["hash"] = previous = record_hash(previous, record)
        records.append(record)
    return records


def test_the_hash_covers_the_domain_the_link_and_the_record() -> None:
    expected = sha256(b"decision-log-v1\0" + bytes(32) + b'{"decision":"BUY","sequence":1}').hexdigest()

    assert record_hash(GENESIS, {"sequence": 1, "decision": "BUY"}) == expected


@pytest.mark.parametrize("length", [0, 1, 5])
def test_an_untouched_chain_holds(length: int) -> None:
    assert verify_chain(iter(a_chain(length))) is None


@given(st.integers(0, 4), st.sampled_from(["sequence", "previous_hash", "decision", "note", "hash"]))
@settings(max_examples=50, deadline=None)
def test_any_changed_field_shows(place: int, field: str) -> None:
    records = a_chain(5)
    records[place][field] = {"sequence": 99, "decision": "SELL", "note": "e"}.get(field, "f" * 64)

    problem = verify_chain(records)

    assert problem is not None
    assert problem.sequence == place + 1


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_record_taken_out_shows(place: int) -> None:
    records = a_chain(5)
    del records[place]

    assert verify_chain(records) == ChainProblem(place + 1, "sequence")


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 3), (3, 4)])
def test_swapped_records_show(one: int, other: int) -> None:
    records = a_chain(5)
    records[one], records[other] = records[other], records[one]

    assert verify_chain(records) == ChainProblem(one + 1, "sequence")


def test_a_record_resealed_after_a_change_breaks_the_next_link() -> None:
    records = a_chain(3)
    records[1]["decision"] = "SELL"
    del records[1]["hash"]
    records[1]["hash"] = record_hash(records[0]["hash"], records[1])

    assert verify_chain(records) == ChainProblem(3, "link")


@pytest.mark.parametrize("extra", [float("nan"), "\ud800", {"a"}])
def test_a_record_that_cannot_have_been_hashed_is_unreadable(extra: Any) -> None:
    records = a_chain(2)
    records[1]["note"] = extra

    assert verify_chain(records) == ChainProblem(2, "unreadable")


def test_floats_are_hashed_as_fixed_point_integers() -> None:
    assert record_hash(GENESIS, {"confidence": 0.5}) == record_hash(GENESIS, {"confidence": 500_000_000})
    assert record_hash(GENESIS, {"confidence": 0.5}) != record_hash(GENESIS, {"confidence": 0.500000001})


@pytest.mark.parametrize("sequence", [True, "1", 1.0, None])
def test_a_sequence_is_an_integer(sequence: Any) -> None:
    records = a_chain(1)
    records[0]["sequence"] = sequence

    assert verify_chain(records) == ChainProblem(1, "sequence")


def test_a_record_without_a_hash_shows() -> None:
    records = a_chain(1)
    del records[0]["hash"]

    assert verify_chain(records) == ChainProblem(1, "hash")


@pytest.mark.parametrize("previous", ["", "0" * 63, "A" * 64, "g" * 64, None])
def test_a_previous_hash_has_64_lower_case_hex_digits(previous: Any) -> None:
    with pytest.raises(InvalidInputError, match="64 lower-case"):
        record_hash(previous, {"sequence": 1})
