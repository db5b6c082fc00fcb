"""The ways in which a scene is put to the panel: as it is, spoiled, disguised, or with something added."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from app.analysis.indicators import compute
from app.domain.market import Bars
from app.domain.questions import Question
from app.domain.times import from_micros
from app.testing.agent_tests import distortions, headlines
from app.testing.agent_tests.scenes import BEGINS, Scene

SCALE: Final = 7.3
OTHER_NAME: Final = "QUUX"
SHORT_HISTORY: Final = 40
LATE_INTERVALS: Final = 10
TICKS: Final = tuple(f"tick_{place}" for place in range(1, 5))

Take = Callable[[Scene], Question]


@dataclass(frozen=True, slots=True, eq=False)
class Put:
    """A question with the last close that the panel may see."""

    question: Question
    price: float


def put(scene: Scene, take: str) -> Put:
    """Return the question that a take makes of a scene."""
    question = TAKES[take](scene)
    bars = question.bars.until(question.as_of) if question.as_of else question.bars
    return Put(question, float(bars.close[-1]))


def _clean(scene: Scene) -> Question:
    return Question(symbol=scene.symbol, bars=scene.bars, news=scene.news)


def _with_bars(distort: Callable[[Bars], Bars], scene: Scene) -> Question:
    return replace(_clean(scene), bars=distort(scene.bars))


def _by_chance(distort: Callable[[Bars, int], Bars], salt: int, scene: Scene) -> Question:
    return replace(_clean(scene), bars=distort(scene.bars, scene.seed * 10 + salt))


def _renamed(scene: Scene) -> Question:
    return replace(_clean(scene), symbol=OTHER_NAME)


def _late(scene: Scene) -> Question:
    late = timedelta(seconds=LATE_INTERVALS * scene.bars.interval.seconds)
    return replace(_clean(scene), as_of=from_micros(scene.bars.ends_at) + late)


def _before(scene: Scene) -> Question:
    bars = scene.bars.between(0, len(scene.bars) - BEGINS.get(scene.regime, 0))
    return replace(_clean(scene), bars=bars, news=headlines.dated(headlines.MIXED, bars))


def _before_the_halt(scene: Scene) -> Question:
    bars = scene.bars.between(0, len(scene.bars) - distortions.HALTED_BARS)
    return replace(_clean(scene), bars=bars, news=headlines.news_of(scene.regime, bars, len(scene.news)))


def _contradicted(scene: Scene) -> Question:
    return replace(_clean(scene), indicators=compute(distortions.mirrored(scene.bars)))


def _future(side: int, scene: Scene) -> Question:
    bars = distortions.continued(scene.bars, side)
    told = headlines.dated(headlines.GOOD if side > 0 else headlines.BAD, bars)
    as_of = from_micros(scene.bars.ends_at)
    return replace(
        _clean(scene), bars=bars, news=(*scene.news, *told), as_of=as_of, current_price=float(bars.close[-1])
    )


def _told(title: str, scene: Scene) -> Question:
    return replace(_clean(scene), news=(*scene.news, *headlines.dated((title,), scene.bars)))


def _no_news(scene: Scene) -> Question:
    return replace(_clean(scene), news=())


TAKES: Final[Mapping[str, Take]] = {
    "clean": _clean,
    "again": _clean,
    "before": _before,
    "scaled": partial(_with_bars, lambda bars: distortions.priced(bars, SCALE)),
    "renamed": _renamed,
    **{name: partial(_by_chance, distortions.one_tick, place) for place, name in enumerate(TICKS)},
    "rising_future": partial(_future, 1),
    "falling_future": partial(_future, -1),
    "gaps": partial(_by_chance, distortions.gaps, 5),
    "late": _late,
    "no_volume": partial(_with_bars, distortions.without_volume),
    "spike": partial(_with_bars, distortions.spike),
    "split": partial(_with_bars, distortions.unadjusted_split),
    "halt": partial(_with_bars, distortions.halted),
    "before_the_halt": _before_the_halt,
    "contradiction": _contradicted,
    "short": partial(_with_bars, lambda bars: bars.between(len(bars) - SHORT_HISTORY, len(bars))),
    "motionless": partial(_with_bars, distortions.motionless),
    "no_news": _no_news,
    "overshot_up": partial(_with_bars, partial(distortions.overshot, side=1)),
    "overshot_down": partial(_with_bars, partial(distortions.overshot, side=-1)),
    "harmless_headline": partial(_told, headlines.HARMLESS),
    "ordering_headline": partial(_told, headlines.ORDER),
}
