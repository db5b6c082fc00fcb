"""Tool: the mood of the supplied headlines, by lexicon."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.ai.tools.news_lexicon import score
from app.domain.market import AnalysisContext
from app.ports.analyst import ToolArguments

HALF_LIFE_S = 3 * 86_400


class ScoreNews:
    """Scores each headline and averages them, the newer counting more."""

    name: ClassVar = "score_news"
    description: ClassVar = (
        "Sentiment of each headline in [-1, 1] and their mean, weighted by recency (half-life three days)."
    )
    arguments: ClassVar = ToolArguments
    quick: ClassVar = True

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Return `items` (score and age in days, oldest first), `mean` and `effective_items`, the sum of weights."""
        ages = [(context.as_of - item.timestamp).total_seconds() for item in context.news]
        scores = [score(item.title, item.text) for item in context.news]
        weights = [0.5 ** (age / HALF_LIFE_S) for age in ages]
        total = sum(weights)
        mean = sum(weight * value for weight, value in zip(weights, scores, strict=True)) / total if total else 0.0
        return {
            "items": [
                {"score": value, "age_days": round(age / 86_400, 3)} for value, age in zip(scores, ages, strict=True)
            ],
            "mean": round(mean, 6),
            "effective_items": round(total, 6),
        }
