"""A backtest's worth of decisions: 20 symbols, 2,000 days each, every one as of its own day, all recorded."""

import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from app.agent_system import AgentSystem
from app.config import Settings
from app.domain.identifiers import new_id
from app.domain.market import Bars
from app.domain.questions import Question
from app.domain.times import from_micros
from app.market_data.sample_bars import SAMPLE_SYMBOLS, sample_bars
from bench.measure import Row

SYMBOLS, WARM_UP = 20, 150


def rows(days: int = 2_000) -> list[Row]:
    """Run day by day across all symbols."""
    count, seconds, size = asyncio.run(_run(days))
    what = f"{SYMBOLS} symbols × {days:,} daily decisions as of each day"
    return [
        Row(what, f"{count / seconds:.0f} decisions/s", "", f"{size / count / 1_000:.1f} kB each", "reported", None)
    ]


async def _run(days: int) -> tuple[int, float, int]:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        async with AgentSystem(settings) as system:
            desk = await system.start()
            series = [(f"SYM{place}", _bars(place)) for place in range(SYMBOLS)]
            count, started = 0, time.perf_counter()
            for day in range(days):
                for symbol, bars in series:
                    if WARM_UP + day < len(bars):
                        await desk.coordinator.decide(_as_of(symbol, bars, WARM_UP + day))
                        count += 1
            seconds = time.perf_counter() - started
        return count, seconds, settings.store_path.stat().st_size


def _bars(place: int) -> Bars:
    return sample_bars(SAMPLE_SYMBOLS[place % len(SAMPLE_SYMBOLS)])


def _as_of(symbol: str, bars: Bars, last: int) -> Question:
    end = from_micros(int(bars.times[last]) + bars.interval.micros)
    return replace(Question(symbol=symbol, bars=bars), as_of=end, decision_id=new_id())
