"""Outside text."""

from math import sqrt
from typing import ClassVar

from app.domain.market import AnalysisContext
from app.domain.votes import BUY, HOLD, SELL, STRONG_BUY, STRONG_SELL, Opinion
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
        mean, count = mood["mean"], mood["effective_items"]
        word = _word(mean)
        sureness = sqrt(count / (count + 2))
        strength = min(1.0, abs(mean) * 1.5) if word != HOLD else 1 - abs(mean) / DIRECTION
        return Opinion(
            decision=word,
            confidence=round(strength * sureness, 4),
            reasoning=(
                f"{len(mood['items'])} headlines, worth {count:.2f} by recency, have a mean tone of {mean:+.3f} "
                f"on a scale from -1 to 1."
            ),
            risk=round(min(1.0, abs(mean)), 4),
            position_size=0.0 if word == HOLD else round(0.1 * sureness, 4),
        )


def _word(mean: float) -> str:
    if abs(mean) < DIRECTION:
        return HOLD
    if mean > 0:
        return STRONG_BUY if mean >= STRONG else BUY
    return STRONG_SELL if mean <= -STRONG else SELL
