"""Made-up sources for a stand-in that searches nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.testing.fake_models.readings import symbol

SITES: Final = ("news.example.com", "filings.example.org", "markets.example.net")
DAY: Final = re.compile(r"\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])\b")


def sources(fields: Mapping[str, Any], heard: Sequence[str]) -> Iterator[dict[str, str]]:
    """Return made-up sources that obey the domain filter; they are dated to the days before the question's."""
    about = symbol(heard) or "the market"
    for place, site in enumerate(_sites(fields.get("search_domain_filter", ()))):
        day = _day_of(heard) - timedelta(days=place)
        slug = re.sub(r"[^a-z0-9]+", "-", about.lower()).strip("-")
        title = f"Made-up article {place + 1} about {about}"
        yield {"title": title, "url": f"https://{site}/{day.isoformat()}/{slug}", "date": day.isoformat()}


def _sites(allowed: Sequence[str]) -> list[str]:
    """Return at most three sites; a minus before a name leaves that one out."""
    wanted = [each for each in allowed if not each.startswith("-")]
    return (wanted or [each for each in SITES if f"-{each}" not in allowed])[:3]


def _day_of(heard: Sequence[str]) -> date:
    days = DAY.findall("\n".join(heard))
    return date.fromisoformat(max(days)) if days else datetime.now(UTC).date()
