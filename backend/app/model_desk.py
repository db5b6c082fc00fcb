"""Builds what a panel with models needs: providers with their guards, the budget, the choice among them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from app import plugins
from app.ai.guarding import Guarded, Guards, guarded
from app.ai.model_panel.correspondence import Archive
from app.ai.model_panel.resolving import RULES, Candidate, Found, Resolver
from app.ai.model_panel.seating import ModelSeating
from app.ai.model_panel.voices import Voice
from app.ai.spending.ledger import Ledger
from app.ai.spending.prices import price_of
from app.config_models import ModelSettings
from app.domain.errors import InvalidInputError, ProviderError
from app.domain.spending import Limits
from app.observability.metrics.models import ModelMetrics
from app.ports.analyst import Analyst
from app.ports.books import Books
from app.ports.clock import Clock
from app.ports.decision_store import DecisionStore
from app.ports.provider import Provider

ASKED_FOR_S: Final = 5.0
"""How long a server that was asked for by name is waited for; one that merely may be there has 300 ms."""
REPLAYING: Final = ("replay", "replay-or-live")
REPLAYED: Final = "exchanges are replayed"


@dataclass(frozen=True, slots=True, eq=False)
class ModelDesk:
    """The models of a running system.

    Args:
        seating: who sits on the panel.
        guards: of the providers that have been looked for, by name; each tells how its provider does.
    """

    seating: ModelSeating
    resolver: Resolver
    guards: Mapping[str, Guarded]


class Doors:
    """Opens each provider once, behind its guards; `close` closes them all.

    Args:
        guard: puts the guards around an adapter.
        figures: counts what is asked; None counts nothing.
    """

    def __init__(
        self,
        settings: ModelSettings,
        store: DecisionStore,
        clock: Clock,
        guard: Callable[[Provider], Guarded],
        figures: ModelMetrics | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._guard = guard
        self._figures = figures
        self.guards: dict[str, Guarded] = {}

    async def close(self) -> None:
        """Close every provider."""
        async with AsyncExitStack() as stack:
            for door in self.guards.values():
                stack.push_async_callback(door.close)

    def door(self, name: str, build: Callable[[], Provider]) -> Provider:
        """Return the guarded provider of that name."""
        if name not in self.guards:
            self.guards[name] = self._guard(build())
        return self._replaying(self.guards[name])

    async def _warmed(self, name: str, adapter: Any) -> Provider:
        """Return the door; a client takes a second to load, which is not to be taken from a decision's time."""
        if name not in self.guards and self._settings.exchanges != "replay":
            await adapter.warm()
        return self.door(name, lambda: adapter)

    def _replaying(self, live: Provider) -> Provider:
        mode = self._settings.exchanges
        if mode not in REPLAYING:
            return live
        replaying: Provider = plugins.load("provider", "replay")(
            self._store, live.name, live.takes_tools_with_schema, live if mode == "replay-or-live" else None
        )
        return replaying

    async def anthropic(self) -> Found:
        """Look for Claude: a key alone is what counts."""
        settings = self._settings
        if settings.anthropic_api_key is None and settings.exchanges != "replay":
            return Found(None, "ANTHROPIC_API_KEY is not set")
        key = settings.anthropic_api_key or ""
        adapter = plugins.load("provider", "anthropic")(
            key, settings.anthropic_base_url, settings.model_timeout_seconds, self._clock
        )
        door = await self._warmed("anthropic", adapter)
        why = "ANTHROPIC_API_KEY is set" if settings.anthropic_api_key else REPLAYED
        return Found(_voice(door, settings.anthropic_model), why)

    async def ollama(self) -> Found:
        """Look for Ollama: it must answer at once and have a model that can use tools."""
        settings = self._settings
        options = {
            "num_ctx": settings.ollama_num_ctx,
            "temperature": settings.ollama_temperature,
            "seed": settings.ollama_seed,
        }
        adapter = plugins.load("provider", "ollama")(
            settings.ollama_base_url, settings.model_timeout_seconds, options, settings.ollama_keep_alive, self._clock
        )
        if settings.exchanges == "replay" and settings.ollama_model:
            model: str | None = settings.ollama_model
            why = REPLAYED
        else:
            model, why = await self._ollama_model(adapter)
        if model is None:
            return Found(None, why)
        if self._figures is not None:
            self._figures.expect("ollama", model)
        return Found(_voice(await self._warmed("ollama", adapter), model, options), why)

    async def _ollama_model(self, adapter: Any) -> tuple[str | None, str]:
        try:
            models = await adapter.models(None if self._settings.provider == "auto" else ASKED_FOR_S)
        except ProviderError as error:
            return None, error.public
        able = [name for name, has_tools in models if has_tools]
        wanted = self._settings.ollama_model
        if wanted is None:
            return (able[0], f"Ollama answers and has {able[0]}") if able else (None, "Ollama has no model with tools")
        if wanted not in dict(models):
            return None, "Ollama does not have the model of CONCLAVE_OLLAMA_MODEL; pull it"
        if wanted not in able:
            return None, "The model of CONCLAVE_OLLAMA_MODEL cannot use tools; choose another"
        return wanted, f"Ollama answers and has {wanted}"

    async def scripted(self) -> Found:
        """Take answers from the file of CONCLAVE_SCRIPT."""
        script = self._settings.script
        if script is None:
            return Found(None, "CONCLAVE_SCRIPT is not set")
        door = self.door("scripted", lambda: _scripted(script))
        return Found(_voice(door, "script"), "CONCLAVE_SCRIPT is set")

    def gatherer(self) -> Voice | None:
        """Return who searches for news, if there is a key for it."""
        settings = self._settings
        if settings.perplexity_api_key is None:
            return None
        key = settings.perplexity_api_key
        door = self.door(
            "perplexity",
            lambda: plugins.load("provider", "perplexity")(
                key, settings.perplexity_url, settings.model_timeout_seconds, None, self._clock
            ),
        )
        return _voice(door, settings.perplexity_model)


def _scripted(script: Path) -> Provider:
    try:
        provider: Provider = plugins.load("provider", "scripted").from_file(script)
    except OSError as error:
        raise InvalidInputError(f"The file of CONCLAVE_SCRIPT cannot be read ({type(error).__name__}).") from error
    return provider


def _voice(door: Provider, model: str, options: Mapping[str, Any] | None = None) -> Voice:
    return Voice(door.name, model, door.takes_tools_with_schema, options or {}, door)


@asynccontextmanager
async def model_desk(
    settings: ModelSettings,
    rules: Mapping[str, Analyst],
    store: DecisionStore,
    clock: Clock,
    figures: ModelMetrics | None = None,
) -> AsyncIterator[ModelDesk]:
    """Build everything; providers are looked for when the first decision asks, and closed with the block.

    Args:
        figures: counts what is asked of models; None counts nothing.

    Raises:
        InvalidInputError: the provider of CONCLAVE_PROVIDER cannot work with what is set.
    """
    if settings.provider == "scripted" and settings.script is None:
        raise InvalidInputError("CONCLAVE_PROVIDER is scripted: set CONCLAVE_SCRIPT to a file of answers.")
    ledger = _ledger(settings, store.books, clock)
    guard = partial(_guarded, settings=settings, ledger=ledger, clock=clock, figures=figures)
    doors = Doors(settings, store, clock, guard, figures)
    candidates = [Candidate("anthropic", doors.anthropic), Candidate("ollama", doors.ollama)]
    if settings.provider == "scripted":
        candidates.append(Candidate("scripted", doors.scripted))
    choice = RULES if settings.panel == "rules" else settings.provider
    resolver = Resolver(candidates, choice, settings.models, tuple(rules), clock, gatherer=doors.gatherer())
    archive = Archive(price_of, keeps=settings.exchanges != "off")
    async with AsyncExitStack() as stack:
        if ledger is not None:
            stack.push_async_callback(ledger.close)
        stack.push_async_callback(doors.close)
        if settings.provider == "scripted":
            await doors.scripted()  # a script that cannot be read keeps the desk from starting, not each decision
        seating = ModelSeating(
            rules,
            resolver.casting,
            archive,
            clock,
            mode=settings.panel,
            on_failure=settings.on_model_failure,
        )
        yield ModelDesk(seating, resolver, doors.guards)


def _ledger(settings: ModelSettings, books: Books, clock: Clock) -> Ledger | None:
    """Return what keeps to the limits; None where there are none."""
    of_decision = Limits.of(
        settings.budget_tokens_per_decision,
        settings.budget_dollars_per_decision,
        settings.budget_seconds_per_decision,
    )
    of_day = Limits.of(settings.budget_tokens_per_day, settings.budget_dollars_per_day, settings.budget_seconds_per_day)
    return None if of_decision == of_day == Limits() else Ledger(books, of_decision, of_day, clock)


def _guarded(
    adapter: Provider, *, settings: ModelSettings, ledger: Ledger | None, clock: Clock, figures: ModelMetrics | None
) -> Guarded:
    hedging, _, hedge_model = (settings.hedge_model or "").partition(":")
    guards = Guards(
        attempt_timeout_s=settings.model_timeout_seconds,
        concurrency=settings.model_concurrency,
        requests_per_minute=settings.model_requests_per_minute,
        hedge_model=hedge_model if hedging == adapter.name else None,
    )
    if figures is None:
        return guarded(adapter, ledger, clock, guards)
    return guarded(figures.around(adapter), ledger, clock, guards, watch=figures)
