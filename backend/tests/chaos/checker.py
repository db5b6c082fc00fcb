"""Compares what clients wrote down with what the record and a consumer have; it uses none of the code it judges."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.chaos.books import read_books


@dataclass(frozen=True)
class Found:
    """What the record and the consumer have.

    Args:
        decisions: id to correlation id, symbol, sequence, hash before, hash, SHA-256 of the body, whether degraded.
        jobs: those that did not become decisions: id to status and reason.
        effects: of the consumer, in their order: decision id, symbol, name; None where there is none.
        came_again: deliveries that the consumer knew already.
        waiting: letters still in the outbox.
    """

    decisions: Mapping[str, Mapping[str, Any]]
    jobs: Mapping[str, tuple[str, str | None]]
    effects: tuple[tuple[str, str, str], ...] | None = None
    came_again: int = 0
    waiting: int = 0


@dataclass
class Verdict:
    """What became of what was accepted; the first four words are those of Jepsen's reports."""

    accepted: int = 0
    decided: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    uncertain: int = 0
    recovered: int = 0
    unexpected: int = 0
    refused: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    inversions: list[str] = field(default_factory=list)
    failed: int = 0
    degraded: int = 0
    effects: int = 0
    came_again: int = 0
    waiting: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything that was promised was kept."""
        broken = (self.lost, self.duplicated, self.altered, self.refused, self.gaps, self.inversions)
        return not any(broken) and self.recovered == self.uncertain and not self.waiting


def decisions_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return rows of the table of decisions as `Found` has them."""
    return {row["id"]: _decision(row) for row in rows}


def _decision(row: Mapping[str, Any]) -> dict[str, Any]:
    body = json.loads(row["body"])
    return {
        **{name: row[name] for name in ("symbol", "sequence", "previous_hash", "hash")},
        "sha256": hashlib.sha256(_bytes(row["body"])).hexdigest(),
        "correlation_id": body["correlation_id"],
        "degraded": body["degraded"],
    }


def _bytes(stored: bytes | str) -> bytes:
    return stored.encode() if isinstance(stored, str) else stored


def judge(book: Path, found: Found, names: Mapping[int, str]) -> Verdict:
    """Compare.

    Args:
        names: the correlation id of each request.
    """
    verdict = Verdict(came_again=found.came_again, waiting=found.waiting, effects=len(found.effects or ()))
    lines: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in read_books(book):
        lines[line["n"]].append(line)
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for decision_id, each in found.decisions.items():
        by_name[each["correlation_id"]].append(decision_id)
    for number, name in names.items():
        _judge_request(verdict, name, lines[number], found, by_name[name])
    verdict.decided = len(found.decisions)
    verdict.degraded = sum(each["degraded"] for each in found.decisions.values())
    verdict.failed = sum(status == "failed" for status, _ in found.jobs.values())
    verdict.unexpected += len(found.decisions) - sum(len(by_name[name]) for name in names.values())
    _judge_chains(verdict, found.decisions.values())
    if found.effects is not None:
        _judge_effects(verdict, found, found.effects)
    return verdict


def _judge_request(
    verdict: Verdict, name: str, lines: Iterable[Mapping[str, Any]], found: Found, decided: list[str]
) -> None:
    told = {line["what"]: line for line in lines}
    for line in told.values():
        if line["what"] in ("refused", "missing"):
            verdict.refused.append(f"{name}: {line}")
    promised = told.get("answered") or told.get("accepted")
    if len(decided) > 1:
        verdict.duplicated.append(f"{name}: {decided}")
    if promised is None:
        verdict.unexpected += len(decided)
        if "unknown" not in told:
            verdict.lost.append(f"{name}: never answered")
        return
    verdict.accepted += 1
    if "uncertain" in told:
        verdict.uncertain += 1
        verdict.recovered += _has_ended(promised["id"], found)
    if not _has_ended(promised["id"], found):
        verdict.lost.append(f"{name}: {promised['id']} is {found.jobs.get(promised['id'], 'nowhere')}")
    _judge_bytes(verdict, name, told, found)


def _has_ended(decision_id: str, found: Found) -> bool:
    status, reason = found.jobs.get(decision_id, ("", None))
    return decision_id in found.decisions or status == "cancelled" or (status == "failed" and bool(reason))


def _judge_bytes(verdict: Verdict, name: str, told: Mapping[str, Mapping[str, Any]], found: Found) -> None:
    seen = [told[what] for what in ("answered", "ended") if what in told]
    for line in seen:
        stored = found.decisions.get(line["id"])
        if line.get("status", "complete") == "complete" and (stored is None or stored["sha256"] != line["sha256"]):
            verdict.altered.append(f"{name}: {line['id']}")


def _judge_chains(verdict: Verdict, decisions: Iterable[Mapping[str, Any]]) -> None:
    chains: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for each in sorted(decisions, key=lambda each: each["sequence"]):
        chains[each["symbol"]].append(each)
    for symbol, chain in chains.items():
        if [each["sequence"] for each in chain] != list(range(1, len(chain) + 1)):
            verdict.gaps.append(f"{symbol}: sequences")
        if any(after["previous_hash"] != before["hash"] for before, after in pairwise(chain)):
            verdict.gaps.append(f"{symbol}: links")


def _judge_effects(verdict: Verdict, found: Found, effects: tuple[tuple[str, str, str], ...]) -> None:
    made = Counter(decision_id for decision_id, _, name in effects if name == "consensus_result")
    verdict.lost += [f"no effect of {each}" for each in found.decisions if not made[each]]
    verdict.duplicated += [f"{count} effects of {each}" for each, count in made.items() if count > 1]
    verdict.unexpected += sum(each not in found.decisions for each in made)
    newest: Counter[str] = Counter()
    for decision_id, symbol, name in dict.fromkeys(effects):
        if name == "consensus_result" and decision_id in found.decisions:
            sequence = found.decisions[decision_id]["sequence"]
            if sequence < newest[symbol]:
                verdict.inversions.append(f"{symbol}: {sequence} after {newest[symbol]}")
            newest[symbol] = max(newest[symbol], sequence)
