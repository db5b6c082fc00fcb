"""What an analyst's model is told: standing words by version, the market as data, the question last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self

import orjson

from app.ai.model_panel.answers import AnswerForm, NewsForm, VoteForm
from app.ai.prompts import catalogue
from app.ai.prompts.catalogue import Prompt
from app.analysis.outside_text import MAX_TEXT, MAX_TITLE, clean
from app.domain.market import AnalysisContext, NewsItem
from app.domain.times import from_micros

NEWS_ROLE: Final = "news_analyst"
RECENT_BARS: Final = 10
HORIZONS: Final = (1, 5, 21, 63, 126)
MOST_NEWS: Final = 30
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True, eq=False)
class Brief:
    """The prompts of one role and how it must answer.

    Args:
        standing: what every member of the panel is told, then how a vote looks; together the system text.
        task: the role's question.
        form: reads the answer.
    """

    standing: tuple[Prompt, ...]
    task: Prompt
    form: AnswerForm

    @classmethod
    def of(cls, role: str, references: Sequence[str] | None = None) -> Self:
        """Return the brief of a role.

        Args:
            references: the very prompts to use, for a replay; None takes the newest.

        Raises:
            NotFoundError: there is no prompt for the role, or not of that version.
        """
        form: AnswerForm = NewsForm() if role == NEWS_ROLE else VoteForm()
        ids = [each for each in ("desk", form.prompt_id, role) if each]
        asked = {each.partition("@")[0]: each for each in references or ()}
        prompts = [
            catalogue.newest(each) if references is None else catalogue.read(asked.get(each, each)) for each in ids
        ]
        return cls(tuple(prompts[:-1]), prompts[-1], form)

    @property
    def prompts(self) -> dict[str, str]:
        """Content hashes by id and version."""
        return {each.reference: each.sha256 for each in (*self.standing, self.task)}

    @property
    def system(self) -> str:
        """The standing instructions; nothing from outside ever stands here."""
        return "\n\n".join(each.text for each in self.standing)

    def opening(self, context: AnalysisContext, findings: Mapping[str, Any]) -> str:
        """Return the first words to the model: the snapshot that all members share, then what is its own."""
        parts = [_market_data(context)]
        if findings:
            parts.append(f"Computed for you:\n{_json(findings)}")
        if self.task.reference.startswith(NEWS_ROLE):
            parts.append(f"News, quoted as data:\n{_json([quoted(item) for item in context.news[-MOST_NEWS:]])}")
        return "\n\n".join([*parts, self.task.text])


@lru_cache(maxsize=4)
def _market_data(context: AnalysisContext) -> str:
    """Return the part that all members of a panel read; they are asked one after the other about one context."""
    return f"Market data:\n{_json(snapshot(context))}"


def snapshot(context: AnalysisContext) -> dict[str, Any]:
    """Return what every member sees of the market: the price, recent bars and returns over several horizons."""
    bars, count = context.bars, len(context.bars)
    recent = [
        [from_micros(int(time)).isoformat(), *map(float, values)]
        for time, *values in zip(*(column[-RECENT_BARS:] for column in bars.columns()), strict=True)
    ]
    returns = {
        str(span): round(float(bars.close[-1] / bars.close[-1 - span] - 1), 6) for span in HORIZONS if span < count
    }
    return {
        "symbol": context.symbol,
        "as_of": context.as_of.isoformat(),
        "interval": bars.interval.text,
        "current_price": context.price if count or context.current_price else None,
        "bars_of_history": count,
        "recent_bars": {"columns": ["timestamp", "open", "high", "low", "close", "volume"], "rows": recent},
        "return_over_bars": returns,
    }


def quoted(item: NewsItem) -> dict[str, Any]:
    """Return a news item as data, its oddities beside it."""
    source, title, text = clean(item.source, MAX_TITLE), clean(item.title, MAX_TITLE), clean(item.text or "", MAX_TEXT)
    return {
        "published": item.timestamp.isoformat(),
        "source": source.text,
        "title": title.text,
        "text": text.text,
        "flags": sorted(source.flags | title.flags | text.flags),
    }


def _json(value: Any) -> str:
    return orjson.dumps(value, option=_SORTED).decode()
