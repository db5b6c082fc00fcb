"""A simulated market that the panel watches: what is asked for, and how it came out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.domain.decisions import SealedRecord
from app.domain.market import Interval
from app.domain.questions import DEFAULT_TIMEOUT_S

SIMULATED: Final = "simulated"
"""Flags what was decided on made-up bars: in a record's `degraded_reasons` and in the data of its events."""

HISTORY: Final = 250
MAX_BARS_STREAMED: Final = 10_000
MAX_SYMBOLS: Final = 20

RUNNING: Final = "running"
COMPLETE: Final = "complete"
STOPPED: Final = "stopped"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class SimulationPlan:
    """What is to be simulated.

    Args:
        symbols: one or more; they move together.
        regime: of the live bars; what comes before them is a usual market.
        bars: live bars of each symbol.
        speed: simulated seconds that pass in a second; 0 waits for the panel alone.
        seed: the same seed gives the same prices.
        start_price: of each symbol when its live bars begin.
        asked: how the panel is to decide: `agents`, `method`, `conflict_resolution`, `config`, `timeout_s`.
    """

    symbols: tuple[str, ...]
    regime: str
    bars: int
    interval: Interval
    speed: float = 1.0
    seed: int = 0
    start_price: float = 100.0
    asked: Mapping[str, Any] = field(default_factory=lambda: {"timeout_s": DEFAULT_TIMEOUT_S})

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as people and programs see it."""
        return {
            "symbols": list(self.symbols),
            "regime": self.regime,
            "bars_planned": self.bars * len(self.symbols),
            "interval_seconds": self.interval.seconds,
            "speed": self.speed,
            "seed": self.seed,
        }


@dataclass(slots=True)
class SymbolTally:
    """What happened to one symbol so far.

    Args:
        bars: published; skipped: those the panel was too busy to look at.
        decisions: how often each final decision was made.
        first_price, last_price: before the first live bar, and of the last one.
    """

    first_price: float
    last_price: float
    bars: int = 0
    skipped: int = 0
    decisions: Counter[str] = field(default_factory=Counter)

    def count(self, record: SealedRecord) -> None:
        """Count a decision that is stored."""
        self.decisions[record.final_recommendation or ""] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the figures; `change` is a fraction."""
        return {
            "bars": self.bars,
            "bars_skipped": self.skipped,
            "decisions": self.decisions.total(),
            "final_recommendations": dict(sorted(self.decisions.items())),
            "first_price": self.first_price,
            "last_price": self.last_price,
            "change": round(self.last_price / self.first_price - 1, 6),
        }


@dataclass(frozen=True, slots=True, eq=False)
class SimulationState:
    """Where a simulation stands.

    Args:
        status: `running`, `complete`, `stopped` or `failed`; reason: why it failed.
        seconds: since its start, until its end.
        tallies: by symbol.
    """

    simulation_id: str
    status: str
    plan: SimulationPlan
    started_at: datetime
    seconds: float
    tallies: Mapping[str, SymbolTally]
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the summary: figures over all symbols, then those of each."""
        each = {symbol: tally.as_dict() for symbol, tally in self.tallies.items()}
        decided: Counter[str] = sum((tally.decisions for tally in self.tallies.values()), Counter())
        count = decided.total()
        return {
            "simulation_id": self.simulation_id,
            "status": self.status,
            **({"reason": self.reason} if self.reason else {}),
            **self.plan.as_dict(),
            "started_at": self.started_at.isoformat(),
            "duration_seconds": round(self.seconds, 3),
            "bars": sum(tally.bars for tally in self.tallies.values()),
            "bars_skipped": sum(tally.skipped for tally in self.tallies.values()),
            "decisions": count,
            "decisions_per_second": round(count / self.seconds, 1) if self.seconds else 0.0,
            "final_recommendations": dict(sorted(decided.items())),
            "by_symbol": each,
        }
