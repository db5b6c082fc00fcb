"""Making a market that never was, in CPU time: a million daily bars, and a year of minutes."""

import time
from collections.abc import Callable

import numpy as np

from app.domain.market import Interval
from app.testing.mock_data_generator import MockDataGenerator
from bench.measure import Row, interleaved, median, median_ratio

ROUNDS = 5
MILLION = 1_000_000
DAYS, MINUTES = 250, 390


def rows() -> list[Row]:
    """Measure both beside numpy's drawing of the random numbers that daily bars are made of."""
    market = MockDataGenerator(1)
    minute = Interval.parse("1m")
    market.generate_bars("WARM", "sideways", 1_000)
    daily, intraday, floor = interleaved(
        ROUNDS,
        lambda: _seconds(lambda: market.generate_bars("AAPL", "trending_bullish", MILLION)),
        lambda: _seconds(lambda: market.generate_bars("AAPL", "trending_bullish", DAYS * MINUTES, interval=minute)),
        lambda: _seconds(_draws),
    )
    rate, year = MILLION / median(daily), median(intraday)
    drawing = f"drawing its chance alone {median(floor) * 1_000:.0f} ms"
    ratio = f"{median_ratio(daily, floor):.1f}"
    return [
        Row(
            "mock daily bars, one regime",
            f"{rate / MILLION:.1f} M bars/s CPU",
            drawing,
            ratio,
            "≥ 1 M/s",
            rate >= MILLION,
        ),
        Row(f"{DAYS} mock days of {MINUTES} bars", f"{year * 1_000:.0f} ms CPU", "", "", "≤ 1 s", year <= 1),
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _draws() -> None:
    """Draw two shocks, a surprise, a gap, two extremes and a volume for each bar."""
    random = np.random.default_rng(1)
    for _ in range(4):
        random.standard_normal(MILLION)
    for _ in range(2):
        random.standard_exponential(MILLION)
    random.standard_gamma(2.5, MILLION)
