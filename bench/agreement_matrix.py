"""How independent the rule analysts are: who says what, who agrees with whom, and how many voices that makes.

    python bench/agreement_matrix.py [FOLDER] [--every 5] [--window 250]

FOLDER holds daily bars as `*_daily.csv`; without one the bundled bars are taken. Every analyst but the reader of
headlines is asked on each window; series whose prices look unadjusted are left out. What is printed are the tables of
docs/agreement.md.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "backend"))

from app import plugins
from app.ai.tool_belt import SharedTools
from app.analysis.data_quality import suspected_split
from app.analysis.voting import CAMPS, effective_number
from app.domain.market import AnalysisContext, Bars
from app.domain.times import from_micros
from app.domain.votes import Opinion
from app.market_data.sources.csv_bars import read_bars
from app.observability.system_clock import SystemClock
from app.ports.analyst import Analyst

WORDS = ("STRONG_SELL", "SELL", "HOLD", "BUY", "STRONG_BUY")
SIDE = {"BEAR": -1.0, "HOLD": 0.0, "BULL": 1.0}
BUNDLED = Path(__file__).resolve().parent.parent / "backend" / "app" / "market_data" / "samples"
Panel = dict[str, list[Opinion]]
Sides = NDArray[np.float64]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=BUNDLED)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--window", type=int, default=250)
    chosen = parser.parse_args()
    print("\n".join(report(sorted(chosen.folder.glob("*_daily.csv")), chosen.every, chosen.window)))


def report(paths: Sequence[Path], every: int, window: int) -> Iterator[str]:
    """Yield the lines of the report over these files."""
    series = dict(_usable(paths))
    said = asyncio.run(_ask_all(series, every, window))
    count = len(next(iter(said.values())))
    yield f"{count} decisions on {len(series)} series ({', '.join(series)}), every {every}th bar, {window} bars each.\n"
    yield from shares_table(said)
    yield ""
    yield from pairs_table(said)
    yield ""
    yield f"Effective number of votes: {effective_voices(said):.2f} of {len(said)}."
    yield f"Effective number by confidence alone, mean of all decisions: {mean_effective_votes(said):.2f}."
    yield f"All on one side: {(_span(said) == 0).mean():.1%} of decisions."
    yield f"Some for and some against: {(_span(said) == 2).mean():.1%} of decisions."


def shares_table(said: Panel) -> Iterator[str]:
    """Yield, per analyst, the share of each word and how sure it was in the mean."""
    yield "| analyst | " + " | ".join(WORDS) + " | mean confidence |"
    yield "|---|" + "---:|" * (len(WORDS) + 1)
    for role, opinions in said.items():
        words = [opinion.decision for opinion in opinions]
        shares = " | ".join(f"{words.count(word) / len(words):.1%}" for word in WORDS)
        yield f"| {role} | {shares} | {np.mean([opinion.confidence for opinion in opinions]):.2f} |"


def pairs_table(said: Panel) -> Iterator[str]:
    """Yield, per pair: on the same side, the same if they were independent, on opposite sides."""
    yield "| pair | same side | by chance | opposite sides |"
    yield "|---|---:|---:|---:|"
    for (one, some), (other, others) in combinations(_camps(said).items(), 2):
        opposed = float((np.abs(some - others) == 2).mean())
        yield f"| {one}, {other} | {(some == others).mean():.1%} | {_by_chance(some, others):.1%} | {opposed:.1%} |"


def effective_voices(said: Panel) -> float:
    """Return how many independent voices the panel amounts to: (Σλ)² / Σλ², λ the eigenvalues of the correlations.

    Sides count -1, 0 and 1. Source: Bretherton et al. (1999), The Effective Number of Spatial Degrees of Freedom of a
    Time-Varying Field, J. Climate 12; the sums are taken without the eigenvalues, from trace and squares.
    """
    correlations = np.corrcoef(np.array(list(_camps(said).values())))
    return float(np.trace(correlations) ** 2 / np.square(correlations).sum())


def mean_effective_votes(said: Panel) -> float:
    """Return the mean over the decisions of how many equal voices the confidences amount to (Kish 1965)."""
    decisions = zip(*said.values(), strict=True)
    return float(np.mean([effective_number(cast.confidence or 0.0 for cast in votes) for votes in decisions]))


def _usable(paths: Iterable[Path]) -> Iterator[tuple[str, Bars]]:
    for path in paths:
        with path.open(encoding="utf-8-sig") as file:
            bars = read_bars(file, "1d")
        if not suspected_split(bars):
            yield path.stem.removesuffix("_daily"), bars


async def _ask_all(series: dict[str, Bars], every: int, window: int) -> Panel:
    panel = [plugins.load("analyst", name)() for name in plugins.names("analyst")]
    asked = [analyst for analyst in panel if not analyst.needs.news]
    said: Panel = {analyst.role: [] for analyst in asked}
    for symbol, bars in series.items():
        for end in range(window, len(bars) + 1, every):
            await _ask(asked, _context(symbol, bars.between(end - window, end)), said)
    return said


async def _ask(analysts: Sequence[Analyst], context: AnalysisContext, said: Panel) -> None:
    tools = SharedTools(context, SystemClock())
    for analyst in analysts:
        opinion = await analyst.analyse(context, tools.belt_of(analyst, analyst.role))
        said[analyst.role].append(opinion)


def _context(symbol: str, bars: Bars) -> AnalysisContext:
    return AnalysisContext(symbol, bars, from_micros(bars.ends_at))


def _camps(said: Panel) -> dict[str, Sides]:
    return {role: np.array([SIDE[CAMPS[each.decision]] for each in cast]) for role, cast in said.items()}


def _by_chance(some: Sides, others: Sides) -> float:
    return float(sum((some == side).mean() * (others == side).mean() for side in SIDE.values()))


def _span(said: Panel) -> Sides:
    """How far apart the outermost sides are in each decision: 0 all alike, 2 some for and some against."""
    spans: Sides = np.ptp(np.array(list(_camps(said).values())), axis=0)
    return spans


if __name__ == "__main__":
    main()
