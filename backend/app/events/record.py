"""The decision record: what was decided, by whom, from what, and where it stands in its chain."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from app.analysis.lineages import LineageWeight
from app.analysis.voting import effective_votes
from app.consensus.canonical import canonical_record
from app.consensus.chain import record_hash
from app.consensus.config import ConsensusConfig
from app.consensus.result import ConsensusResult
from app.consensus.version import ENGINE_VERSION
from app.domain.decisions import ChainHead, SealedRecord
from app.domain.model_calls import ModelCall
from app.domain.votes import ABSTAIN, on_grid
from app.events.intake import Case
from app.ports.panel import Failure, PanelResult, Sitting

COUNTS = frozenset({"sequence", "n_valid", "n_expected", "tool_policy", "n", "decisions", "requests", "tokens"})


@dataclass(frozen=True, slots=True)
class Timing:
    """When a decision was made: wall-clock time and how long it took."""

    created_at: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Who was asked besides the rules, and on which terms.

    Args:
        resolved: how it was settled who sits: the mode, and which models were looked for.
        models: how to seat each model again, by agent.
        lineages: what votes that share a lineage weigh.
        sitting: the meeting, with its tool policy and what models were asked in it.
    """

    resolved: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]
    lineages: Sequence[LineageWeight]
    sitting: Sitting

    def as_dict(self) -> dict[str, Any]:
        """Return the panel as it stands in the record."""
        told = {"mode": "rules", **self.resolved, "tool_policy": self.sitting.tool_policy.version}
        if not self.models:
            return told
        prompts = {name: text for each in self.models.values() for name, text in each["prompts"].items()}
        return {
            **told,
            "models": {agent: f"{each['provider']}:{each['model']}" for agent, each in self.models.items()},
            "prompts": dict(sorted(prompts.items())),
            "lineages": [each.as_dict() for each in self.lineages],
            "spent": _spent(self.sitting.model_calls),
        }


def _spent(calls: Sequence[ModelCall]) -> dict[str, Any]:
    """Add up what models were asked; the cost is None as soon as one price is not known."""
    costs = [each.cost for each in calls if each.usage]
    known = [cost for cost in costs if cost is not None]
    return {
        "requests": sum(each.attempts for each in calls),
        "tokens": sum(each.usage.total for each in calls if each.usage),
        "cost": str(sum(known, Decimal(0))) if len(known) == len(costs) else None,
    }


def compose(
    case: Case,
    panel: PanelResult,
    votes: Sequence[dict[str, Any]],
    result: ConsensusResult,
    *,
    evidence: bytes,
    at: Timing,
    asked: Asked,
) -> dict[str, Any]:
    """Return the record without its place in the chain, every number on the 10^-9 grid."""
    reasons = [*case.flags, *_troubles(panel, votes)]
    outcome = result.as_dict()
    return {
        "decision_id": case.question.decision_id,
        "symbol": case.question.symbol,
        "final_recommendation": outcome["decision"],
        "status": outcome["status"],
        "resolved_by": outcome["resolved_by"],
        "confidence": outcome["confidence"],
        "support": outcome["support"],
        "position_size": outcome["position_size"],
        "degraded": bool(reasons),
        "degraded_reasons": reasons,
        "votes": list(votes),
        "missing": outcome["missing"],
        "rejected": outcome["rejected"],
        "not_applicable": [dict(each) for each in case.not_applicable],
        "failures": [{"agent_id": each.agent_id, "kind": each.kind, "reason": each.reason} for each in panel.failures],
        "panel": asked.as_dict(),
        "consensus": _consensus(case, panel, votes, outcome),
        "as_of": case.context.as_of.isoformat(),
        "created_at": at.created_at.isoformat(),
        "duration_ms": round(at.duration_ms, 3),
        "correlation_id": case.question.correlation_id,
        "engine_version": ENGINE_VERSION,
        "evidence_hash": hashlib.sha256(evidence).hexdigest(),
    }


def _troubles(panel: PanelResult, votes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name who is missing, for whom the rules stood in, and what was odd about the texts that were read."""
    failed = [f"{each.kind}:{each.agent_id}" for each in panel.failures if _is_trouble(each)]
    replaced = [f"rules_for_model:{vote['agent_id']}" for vote in votes if _is_replaced(vote)]
    return [*failed, *replaced, *(f"{flag}:{vote['agent_id']}" for vote in votes for flag in vote.get("flags", ()))]


def _is_replaced(vote: Mapping[str, Any]) -> bool:
    return "degraded_from" in vote and vote["decision"] != ABSTAIN


def _is_trouble(failure: Failure) -> bool:
    """An early close was asked for; everything else means that somebody is missing who should be there."""
    return failure.kind != "closed_early"


def _consensus(
    case: Case, panel: PanelResult, votes: Sequence[dict[str, Any]], outcome: dict[str, Any]
) -> dict[str, Any]:
    config = _measured(case.config)
    return {
        "method": config["method"],
        "conflict_resolution": config["strategy"],
        "tally": outcome["tally"],
        "n_valid": outcome["n_valid"],
        "n_expected": outcome["n_expected"],
        "effective_votes": on_grid(effective_votes(votes, config["weights"])),
        "closed_early": any(each.kind == "closed_early" for each in panel.failures),
        "config": config,
    }


def _measured(config: ConsensusConfig) -> dict[str, Any]:
    """Write each number of a configuration as a measured one; its shares and weights are on a coarser grid already."""
    counts = {"position": config.position, "timeout_ms": config.timeout_ms}
    return config.as_dict() | {name: None if value is None else on_grid(float(value)) for name, value in counts.items()}


def seal(record: dict[str, Any], created_at: datetime, head: ChainHead) -> SealedRecord:
    """Give the record its place after `head` and its hash."""
    placed = {**record, "sequence": head.sequence + 1, "previous_hash": head.hash}
    digest = record_hash(head.hash, placed)
    body = orjson.dumps({**placed, "hash": digest})
    return SealedRecord(
        decision_id=record["decision_id"],
        symbol=record["symbol"],
        sequence=head.sequence + 1,
        previous_hash=head.hash,
        hash=digest,
        created_at=created_at,
        final_recommendation=record["final_recommendation"],
        body=body,
    )


def is_as_written(body: bytes) -> bool:
    """Whether a record is spelled as `seal` spells it, so that the hashed form says all that the JSON says.

    The hashed form has integers alone: 0.5 is 500000000 there. So a count must be an integer, every other number must
    be a measured one on the 10^-9 grid, and the JSON must be the very bytes that its own content gives.
    """
    record = orjson.loads(body)
    try:
        return orjson.dumps(record) == body and _has_its_numbers(record)
    except orjson.JSONEncodeError:  # nested more deeply than anything that was ever written
        return False


def _has_its_numbers(value: Any, name: str = "") -> bool:
    if isinstance(value, dict):
        return all(_has_its_numbers(part, key) for key, part in value.items())
    if isinstance(value, list):
        return all(_has_its_numbers(part) for part in value)
    if isinstance(value, float):
        return name not in COUNTS and on_grid(value) == value
    return isinstance(value, bool) or not isinstance(value, int) or name in COUNTS


def canonical_bytes(body: bytes) -> bytes:
    """Return the exact bytes that were hashed for a stored record."""
    record = orjson.loads(body)
    record.pop("hash")
    return canonical_record(record)
