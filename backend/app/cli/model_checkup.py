"""What the doctor says about models: which can be asked, which will be, and, asked live, what they can do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from app.ai.model_panel.live_check import Check, check_live, check_search
from app.ai.model_panel.resolving import RULES
from app.ai.model_panel.seating import Casting
from app.ai.model_panel.voices import Voice
from app.cli.finding import NOTE, OK, PROBLEM, Finding
from app.config import Settings
from app.domain.errors import AgentSystemError
from app.events.rules_seating import installed_analysts
from app.model_desk import ModelDesk, model_desk
from app.observability.system_clock import SystemClock
from app.storage.repositories.in_memory import InMemoryDecisionStore

FIXES: Final = {
    "anthropic": "to ask Claude, set ANTHROPIC_API_KEY",
    "ollama": "to ask Ollama, start it (OLLAMA_BASE_URL) and pull a model with tools",
}


def models(settings: Settings, live: bool) -> list[Finding]:
    """Look for every provider, tell which model sits on the panel, and with `live` try each one out."""
    return asyncio.run(_collected(settings, live))


async def _collected(settings: Settings, live: bool) -> list[Finding]:
    try:
        return [each async for each in _findings(settings, live)]
    except AgentSystemError as error:
        return [Finding("models", PROBLEM, "they cannot be set up", str(error))]


async def _findings(settings: Settings, live: bool) -> AsyncIterator[Finding]:
    async with model_desk(settings, installed_analysts(), InMemoryDecisionStore(), SystemClock()) as desk:
        for name, found in (await desk.resolver.look_everywhere()).items():
            yield Finding(name, OK if found.voice else NOTE, found.why, None if found.voice else FIXES.get(name))
        yield _perplexity(settings)
        yield await _panel(desk, settings)
        if live:
            casting = await desk.resolver.casting()
            async for finding in _tried_out(_voices(casting, settings), casting.gatherer):
                yield finding


def _perplexity(settings: Settings) -> Finding:
    is_set = settings.perplexity_api_key is not None
    return Finding("perplexity", OK, f"PERPLEXITY_API_KEY is {'set: news are searched' if is_set else 'not set'}")


async def _panel(desk: ModelDesk, settings: Settings) -> Finding:
    casting, seats = await desk.resolver.casting(), await desk.seating.seats()
    told = f"{seats.resolved['mode']}, by {casting.told['choice']} (asked for: {casting.told['asked_for']})"
    if casting.is_lacking:
        return Finding("panel", NOTE, told, f"decisions are made by rule and flagged; see {settings.provider} above")
    own = ", ".join(f"{role} by {model}" for role, model in settings.models.items())
    return Finding("panel", OK, f"{told}{'; ' if own else ''}{own}")


def _voices(casting: Casting, settings: Settings) -> list[Voice]:
    """Return every model that may be asked for a vote, the one that hedges included."""
    seated = list(casting.voices.values())
    hedging, _, model = (settings.hedge_model or "").partition(":")
    return [*seated, *(replace(voice, model=model) for voice in seated if voice.provider == hedging)]


async def _tried_out(voices: Sequence[Voice], gatherer: Voice | None) -> AsyncIterator[Finding]:
    if not voices:
        yield Finding("live check", NOTE, f"there is no model to try: the panel decides by {RULES}")
    for voice in {each.lineage: each for each in voices}.values():
        for check in await check_live(voice, SystemClock()):
            yield _result(voice, check)
    if gatherer is not None:
        yield _result(gatherer, await check_search(gatherer, SystemClock()))


def _result(voice: Voice, check: Check) -> Finding:
    part = f"{voice.lineage}, {check.what}"
    if check.problem is None:
        return Finding(part, OK, f"worked, {check.seconds:.1f} s")
    return Finding(part, PROBLEM, check.problem, "choose another model, or mend what the message names")
