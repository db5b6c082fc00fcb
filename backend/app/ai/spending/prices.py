"""What models cost, from the table that comes with `genai_prices`; nothing is fetched."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.domain.completions import Usage

Tariff = Callable[[Usage], Decimal]


async def ready() -> None:
    """Read the table in a thread: the first time takes a quarter of a second."""
    if not _tariff.cache_info().currsize:
        await asyncio.to_thread(_tariff, "anthropic", "")


def price_of(provider: str, model: str, usage: Usage) -> Decimal | None:
    """Return what a request cost in dollars, cached tokens at their own rate; None, never 0, when it is not known."""
    tariff = _tariff(provider, model)
    return None if tariff is None else tariff(usage)


@dataclass(frozen=True, slots=True)
class _Rates:
    """Dollars per request and per token."""

    request: Decimal
    fresh: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal

    def __call__(self, usage: Usage) -> Decimal:
        read, written = usage.cache_read_tokens, usage.cache_write_tokens
        fresh = max(0, usage.input_tokens - read - written)
        tokens = fresh * self.fresh + read * self.cache_read + written * self.cache_write
        return self.request + tokens + usage.output_tokens * self.output


@dataclass(frozen=True, slots=True)
class _Tiers:
    """Rates by how much goes in at once; asking the table each time would take a hundred times as long.

    Args:
        starts: tokens beyond which the next rates hold.
        rates: one more than starts.
    """

    starts: tuple[int, ...]
    rates: tuple[_Rates, ...]

    def __call__(self, usage: Usage) -> Decimal:
        return self.rates[bisect_left(self.starts, _input_of(usage))](usage)


@lru_cache(maxsize=256)
def _tariff(provider: str, model: str) -> Tariff | None:
    """Return how a model is priced; None when the table does not know, or has no price for input or output."""

    def by_table(usage: Usage) -> Decimal:
        return _calculated(provider, model, usage).total_price  # type: ignore[no-any-return]

    try:
        nothing, fresh, output = (by_table(each) for each in (Usage(), Usage(1), Usage(0, 1)))
    except LookupError:
        return None
    if nothing in (fresh, output):
        return None
    starts = _tier_starts(_calculated(provider, model, Usage()).model.prices)
    if starts is None:
        return by_table
    return _Tiers(starts, tuple(_rates(by_table, tokens) for tokens in (1, *(start + 1 for start in starts))))


def _rates(price: Tariff, tokens: int) -> _Rates:
    """Return the rates where so many tokens go in."""
    request, fresh = price(Usage()), price(Usage(tokens))
    read, written = price(Usage(tokens, 0, tokens)), price(Usage(tokens, 0, 0, tokens))
    output = price(Usage(tokens, tokens)) - fresh
    return _Rates(
        request, (fresh - request) / tokens, (read - request) / tokens, (written - request) / tokens, output / tokens
    )


def _calculated(provider: str, model: str, usage: Usage) -> Any:
    import genai_prices

    counted = genai_prices.Usage(
        input_tokens=_input_of(usage),
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    return genai_prices.calc_price(counted, model, provider_id=provider)


def _input_of(usage: Usage) -> int:
    return max(usage.input_tokens, usage.cache_read_tokens + usage.cache_write_tokens)


def _tier_starts(prices: Any) -> tuple[int, ...] | None:
    """Return the tokens beyond which other rates hold; None when the rates depend on the day too."""
    from genai_prices.types import ModelPrice, TieredPrices

    if not isinstance(prices, ModelPrice):
        return None
    tiered = (each for each in vars(prices).values() if isinstance(each, TieredPrices))
    return tuple(sorted({tier.start for each in tiered for tier in each.tiers}))
