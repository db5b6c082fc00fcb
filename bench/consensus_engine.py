"""The whole engine on five votes against a bare dictionary tally of the same votes."""

from typing import Any

from app.consensus.config import ConsensusConfig
from app.consensus.engine import decide
from bench.measure import Row, cpu_us, interleaved, median, median_ratio

VOTES: list[dict[str, Any]] = [
    {"agent_id": "a", "decision": "BUY", "confidence": 0.72, "risk": 0.3, "position_size": 0.1},
    {"agent_id": "b", "decision": "STRONG_BUY", "confidence": 0.61, "risk": 0.4, "position_size": 0.2},
    {"agent_id": "c", "decision": "SELL", "confidence": 0.55, "risk": 0.6, "position_size": 0.05},
    {"agent_id": "d", "decision": "HOLD", "confidence": 0.4, "risk": 0.2},
    {"agent_id": "e", "decision": "BUY", "confidence": 0.8, "risk": 0.35, "position_size": 0.15},
]
DEFAULTS = ConsensusConfig.of(None)
PLAIN = [{name: vote[name] for name in ("agent_id", "decision", "confidence")} for vote in VOTES]
GUARDED = ConsensusConfig.of({"risk_veto": True, "roster": ["a", "b", "c", "d", "e"]})


def bare_tally() -> str:
    """Add confidences by word in a dictionary and take the largest."""
    tally: dict[str, float] = {}
    for vote in VOTES:
        tally[vote["decision"]] = tally.get(vote["decision"], 0.0) + vote["confidence"]
    return max(tally, key=tally.__getitem__)


def rows() -> list[Row]:
    """Measure 9 rounds of 2,000 calls: plain votes, and votes with every field under a roster and the veto."""
    plain, full, floor = interleaved(
        9,
        lambda: cpu_us(lambda: decide(PLAIN, DEFAULTS), 2_000),
        lambda: cpu_us(lambda: decide(VOTES, GUARDED), 2_000),
        lambda: cpu_us(bare_tally, 2_000),
    )
    return [
        _row("consensus engine, 5 votes of agent, word and confidence", plain, floor),
        _row("the same with risk, size, roster and veto", full, floor),
    ]


def _row(what: str, engine: list[float], floor: list[float]) -> Row:
    ratio = median_ratio(engine, floor)
    floor_text = f"{median(floor):.2f} µs ({median(floor) / 5:.2f} a vote)"
    return Row(what, f"{median(engine):.1f} µs", floor_text, f"{ratio:.1f}", "≤ 15", ratio <= 15)
