"""News where the caller supplied none: asked of a provider that searches, taken as strangers' text like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from app.ai.model_panel.correspondence import Correspondence
from app.ai.model_panel.voices import Voice
from app.ai.prompts import catalogue
from app.ai.prompts.catalogue import Prompt
from app.domain.completions import Citation, Completion, ModelRequest, Said
from app.domain.errors import ProviderError
from app.domain.market import AnalysisContext, NewsItem
from app.domain.times import parse_time
from app.ports.analyst import Needs
from app.ports.clock import Clock

PROMPT_ID: Final = "news_search"
PRESENT: Final = timedelta(days=1)
MOST_CHARACTERS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class PresentNews(Needs):
    """Needs news, or a context of the last day, for which news can be found; today's press knows the past's future."""

    clock: Clock | None = None

    def __init__(self, bars: int, clock: Clock) -> None:
        object.__setattr__(self, "bars", bars)
        object.__setattr__(self, "news", True)
        object.__setattr__(self, "clock", clock)

    def unmet(self, context: AnalysisContext) -> str | None:
        """Say in words what the context lacks, or None when it serves."""
        is_present = self.clock is not None and self.clock.now() - context.as_of <= PRESENT
        return Needs(self.bars, self.news and not is_present).unmet(context)


@dataclass(frozen=True, slots=True, eq=False)
class NewsGatherer:
    """Asks a searching provider for the news of a symbol.

    Args:
        voice: who searches; it never votes.
        prompt: how it is asked.
    """

    voice: Voice
    prompt: Prompt

    @classmethod
    def of(cls, voice: Voice, reference: str | None = None) -> "NewsGatherer":
        """Return the gatherer with the newest prompt, or that of `reference`.

        Raises:
            NotFoundError: there is no such prompt.
        """
        return cls(voice, catalogue.read(reference) if reference else catalogue.newest(PROMPT_ID))

    async def gather(self, context: AnalysisContext, correspondence: Correspondence) -> tuple[NewsItem, ...]:
        """Return what was published up to the context's instant, oldest first.

        Args:
            correspondence: of the analyst that will read it.

        Raises:
            ProviderError: nobody answered, or no news was found.
        """
        request = ModelRequest(
            provider=self.voice.provider,
            model=self.voice.model,
            system=self.prompt.text,
            turns=(Said(f"What was published in the last days about the listed asset {context.symbol}?"),),
            options=self.voice.options,
            prompt=self.prompt.reference,
        )
        completion = await correspondence.with_voice(self.voice).ask(request)
        items = _items(completion, context.as_of)
        if not items:
            raise ProviderError("not_found", f"{self.voice.provider} found no news.")
        return items

    def described(self) -> Mapping[str, Any]:
        """Return what is needed to gather again for a replay."""
        return {
            "provider": self.voice.provider,
            "model": self.voice.model,
            "options": dict(self.voice.options),
            "prompt": self.prompt.reference,
        }


def _items(completion: Completion, as_of: datetime) -> tuple[NewsItem, ...]:
    """Read the sources, and the summary of them unless one that does not exist yet may have gone into it."""
    found = [_item(each, as_of) for each in completion.citations]
    items = [each for each in found if each is not None]
    if items and len(items) == len(found) and completion.text.strip():
        items.append(NewsItem(as_of, completion.model, "What the search reports", completion.text[:MOST_CHARACTERS]))
    return tuple(sorted(items, key=lambda item: item.timestamp))


def _item(citation: Citation, as_of: datetime) -> NewsItem | None:
    """Read a source; one that was published later does not exist yet."""
    try:
        published = parse_time(citation.date) if citation.date else as_of
    except ValueError:
        published = as_of
    host = _host(citation.url)
    return NewsItem(published.astimezone(UTC), host, citation.title or host) if published <= as_of else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "unknown source"
    except ValueError:
        return "unknown source"
