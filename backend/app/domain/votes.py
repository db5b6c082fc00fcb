"""What an analyst said: the words of a decision and the vote that carries one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, Final

STRONG_BUY: Final = "STRONG_BUY"
BUY: Final = "BUY"
HOLD: Final = "HOLD"
SELL: Final = "SELL"
STRONG_SELL: Final = "STRONG_SELL"
ABSTAIN: Final = "ABSTAIN"
NO_DECISION: Final = "NO_DECISION"
DECISIONS: Final = frozenset({STRONG_BUY, BUY, HOLD, SELL, STRONG_SELL, ABSTAIN})

RECORD_DECIMALS: Final = 9


@dataclass(frozen=True, slots=True)
class Opinion:
    """An analyst's answer to its question.

    Args:
        decision: a decision word, or ABSTAIN.
        confidence: in [0, 1]; None with ABSTAIN.
        reasoning: the reason, made of the numbers it used.
        risk: how risky the analyst finds a position now, in [0, 1].
        position_size: share of equity in [0, 1].
        stop_loss, take_profit: prices.
        source: `rules`, or the provider that answered; model names which of its models.
        lineage: opinions of one lineage share their errors; None is one of its own.
        degraded_from: the source that should have answered but failed; error_kind says how.
        prompt: id and version of the prompt that was answered.
        flags: doubts about what it was given, such as `injection_phrase`.
    """

    decision: str
    confidence: float | None
    reasoning: str
    risk: float | None = None
    position_size: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    source: str = "rules"
    model: str | None = None
    lineage: str | None = None
    degraded_from: str | None = None
    error_kind: str | None = None
    prompt: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vote:
    """An opinion with who gave it, when, and by which tools.

    Args:
        agent_id: `<role>_<SYMBOL>`.
        agent_type: the role.
        latency_ms: from the question to the answer.
        tools: names of the tools called, in order.
        error_kind: what failed, when the vote abstains or was degraded because something did.
    """

    agent_id: str
    agent_type: str
    symbol: str
    opinion: Opinion
    timestamp: datetime
    latency_ms: float
    tools: tuple[str, ...] = ()
    error_kind: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the vote as it stands in the record and on the feed; absent options are left out."""
        opinion = self.opinion
        fields: dict[str, Any] = {
            "agent_id": self.agent_id,
            "agent_type": self.agent_type,
            "symbol": self.symbol,
            "decision": opinion.decision,
            "confidence": on_grid(opinion.confidence),
            "reasoning": opinion.reasoning,
            "timestamp": self.timestamp.isoformat(),
            "source": opinion.source,
            "lineage": opinion.lineage or f"{opinion.source}:{self.agent_type}",
            "latency_ms": round(self.latency_ms, 3),
            "tools": list(self.tools),
        }
        options = {
            "model": opinion.model,
            "prompt": opinion.prompt,
            "degraded_from": opinion.degraded_from,
            "error_kind": self.error_kind,
            "flags": list(opinion.flags) or None,
            "risk": on_grid(opinion.risk),
            "position_size": on_grid(opinion.position_size),
            "stop_loss": on_grid(opinion.stop_loss),
            "take_profit": on_grid(opinion.take_profit),
        }
        fields.update((name, value) for name, value in options.items() if value is not None)
        return fields


def on_grid(value: float | None) -> float | None:
    """Round to the 10^-9 grid on which records are kept, so that record and hashed bytes say the same."""
    return None if value is None else round(value, RECORD_DECIMALS)


def is_usable(opinion: Opinion) -> bool:
    """Whether every number of an opinion lies in its range; ABSTAIN needs no confidence."""
    shares = (opinion.confidence, opinion.risk, opinion.position_size)
    prices = (opinion.stop_loss, opinion.take_profit)
    return (
        opinion.decision in DECISIONS
        and (opinion.decision == ABSTAIN or opinion.confidence is not None)
        and all(share is None or 0 <= share <= 1 for share in shares)
        and all(price is None or 0 < price < inf for price in prices)
    )


ENGINE_ROLE: Final[Mapping[str, str]] = {"risk_advisor": "risk_manager"}


def engine_vote(vote: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a recorded vote that the consensus engine counts, with its role there."""
    counted = {name: vote.get(name) for name in ("agent_id", "decision", "confidence", "risk", "position_size")}
    counted["latency_ms"] = vote.get("latency_ms")
    counted["role"] = ENGINE_ROLE.get(vote["agent_type"], vote["agent_type"])
    return counted
