"""Check that nothing in the record was changed, dropped or slipped in since it was written."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.consensus.chain import FIRST_LINK, ChainLink, follow
from app.domain.decisions import ChainHead, Evidence, SealedRecord
from app.domain.errors import RecordCorruptError
from app.domain.model_calls import is_true_to_its_id
from app.events.record import is_as_written
from app.ports.decision_store import DecisionStore

CHAIN_FAULTS = {
    "sequence": "a record is missing, repeated or out of order here.",
    "link": "it does not continue the record before.",
    "hash": "its content is not what was hashed.",
    "unreadable": "it holds what can never have been hashed.",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of all chains found.

    Args:
        heads: the last link of each chain; compare them with a copy kept elsewhere to notice a cut-off tail.
        problems: in words; empty when every chain is whole.
    """

    heads: tuple[ChainHead, ...]
    problems: tuple[str, ...]


async def verify(store: DecisionStore, rest: Callable[[], Awaitable[None]] | None = None) -> Verification:
    """Walk every chain from its first link and check records, links, evidence and bars.

    Args:
        rest: awaited after each record, by whoever has other things to do meanwhile.
    """
    heads = await store.heads()
    problems = [problem for head in heads for problem in await _problems(store, head.symbol, rest or _without_rest)]
    return Verification(heads, tuple(problems))


async def _without_rest() -> None:
    """Go on at once."""


async def _problems(store: DecisionStore, symbol: str, rest: Callable[[], Awaitable[None]]) -> list[str]:
    """Walk one chain; of its links the first that does not hold is named, for it spoils those that follow."""
    found: list[str] = []
    link: ChainLink | None = FIRST_LINK
    async for record in store.chain(symbol):
        body = _object_of(record)
        if body is None:
            return [*found, f"{symbol} #{record.sequence}: it is no JSON object any more."]
        if link is not None:
            broken, link = follow(link, body)
            found += [f"{symbol} #{broken.sequence}: {CHAIN_FAULTS[broken.reason]}"] if broken else []
        fault = _fault_of_body(record, body) or await _fault_of_evidence(store, record, body)
        if fault:
            found.append(f"{symbol} #{record.sequence}: {fault}")
        await rest()
    return found


def _object_of(record: SealedRecord) -> dict[str, Any] | None:
    try:
        body = orjson.loads(record.body)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _fault_of_body(record: SealedRecord, body: dict[str, object]) -> str | None:
    """Catch what the hash cannot see: another spelling of the same JSON, or columns that contradict the record."""
    if not is_as_written(record.body):
        return "the record is spelled differently than it was written."
    columns = (record.decision_id, record.symbol, record.sequence, record.previous_hash, record.hash)
    told = tuple(body.get(name) for name in ("decision_id", "symbol", "sequence", "previous_hash", "hash"))
    created = record.created_at.isoformat() == body.get("created_at")
    return None if columns == told and created else "the index does not agree with the record."


async def _fault_of_evidence(store: DecisionStore, record: SealedRecord, body: dict[str, object]) -> str | None:
    try:
        evidence = await store.evidence(record.decision_id)
    except RecordCorruptError as error:
        return str(error)
    if evidence is None:
        return "its evidence is gone."
    if hashlib.sha256(evidence.document).hexdigest() != body.get("evidence_hash"):
        return "its evidence was changed."
    document = orjson.loads(evidence.document)
    if document["bars"]["digest"] != evidence.bars.digest():
        return "the bars it was made from were changed."
    return _fault_of_exchanges(evidence, document)


def _fault_of_exchanges(evidence: Evidence, document: Mapping[str, Any]) -> str | None:
    """An exchange is named by its content, so one that was changed has lost its name."""
    named = {call["exchange_id"] for call in document.get("model_calls", ()) if call["exchange_id"]}
    true = {each.id for each in evidence.exchanges if is_true_to_its_id(each)}
    return None if named <= true else "what a model answered was changed or is gone."
