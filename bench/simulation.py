"""A simulated stream as fast as it goes: bars through bus, feed and store, five votes on each, all recorded."""

import asyncio
import tempfile
from pathlib import Path

from app.agent_system import AgentSystem
from app.config import Settings
from bench.measure import Row, median

ROUNDS, BARS, LEAST = 3, 300, 150


def rows() -> list[Row]:
    """Simulate one symbol, then four that move together."""
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as home:
        async with AgentSystem(Settings(home=Path(home), panel="rules")) as system:
            await _rate(system, ["WARM"])
            alone = median([await _rate(system, ["AAPL"]) for _ in range(ROUNDS)])
            together = median([await _rate(system, ["AAPL", "MSFT", "IBM", "GOOG"]) for _ in range(ROUNDS)])
    return [_row("one symbol", alone), _row("four symbols at once", together)]


async def _rate(system: AgentSystem, symbols: list[str]) -> float:
    summary = await system.simulate_market_stream(symbols, "regime_switching", BARS, 60, speed=0)
    return float(summary["decisions_per_second"])


def _row(who: str, rate: float) -> Row:
    return Row(f"simulated stream, {who}", f"{rate:.0f} decisions/s", "", "", f"≥ {LEAST}/s", rate >= LEAST)
