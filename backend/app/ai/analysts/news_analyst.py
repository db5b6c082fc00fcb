"""Outside text."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import ClassVar

from app.analysis.outside_text import oddities
from app.domain.market import AnalysisContext, NewsItem
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL, Opinion
from app.domain.wording import counted
from app.ports.analyst import Needs, ToolBelt

DIRECTION, STRONG = 0.12, 0.5


class NewsAnalyst:
    """Votes with the mood of the headlines, the newer and the more numerous the surer."""

    role: ClassVar = "news_analyst"
    question: ClassVar = "Is the news of these days good or bad for the price?"
    rule: ClassVar = (
        "Media tone (Tetlock 2007, J. Finance 62) scored by the VADER lexicon (Hutto and Gilbert 2014) with market "
        "words, averaged with a half-life of three days; confidence shrinks as the root of n/(n+2), where a headline "
        "adds to n what its age leaves of it."
    )
    needs: ClassVar = Needs(news=True)
    tools: ClassVar = ("score_news",)

    async def analyse(self, context: AnalysisContext, tools: ToolBelt) -> Opinion:
        """Return the opinion; see `rule`."""
        mood = await tools.call("score_news")
        mean, count, items = mood["mean"], mood["effective_items"], len(mood["items"])
        told = (
            f"{counted(items, 'headline')}, worth {count:.2f} by recency, {'has' if items == 1 else 'have'} "
            f"a mean tone of {mean:+.3f} on a scale from -1 to 1."
        )
        return replace(opinion_of_tone(mean, sqrt(count / (count + 2)), told), flags=flags_of(context.news))


def opinion_of_tone(tone: float, sureness: float, reasoning: str) -> Opinion:
    """Return the opinion that a tone in [-1, 1] makes, its confidence and size shrunk by `sureness` in [0, 1]."""
    word = _word(tone)
    strength = min(1.0, abs(tone) * 1.5) if word != HOLD else 1 - abs(tone) / DIRECTION
    return Opinion(
        decision=word,
        confidence=round(strength * sureness, 4),
        reasoning=reasoning,
        risk=round(min(1.0, abs(tone)), 4),
        position_size=0.0 if word == HOLD else round(0.1 * sureness, 4),
    )


def flags_of(news: Sequence[NewsItem]) -> tuple[str, ...]:
    """Return what is odd about the texts, in order of name; see `analysis.outside_text`."""
    texts = [text for item in news for text in (item.source, item.title, item.text) if text]
    return tuple(sorted({flag for text in texts for flag in oddities(text)} - {"truncated"}))


def _word(mean: float) -> str:
    if abs(mean) < DIRECTION:
        return HOLD
    if mean > 0:
        return STRONG_BUY if mean >= STRONG else BUY
    return STRONG_SELL if mean <= -STRONG else SELL
