"""What models cost, from the table that comes with `genai_prices`; nothing is fetched."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from app.domain.completions import Usage

Tariff = Callable[[Usage], Decimal]

_MANY: Final = 1_000_000


async def ready() -> None:
    """Read the table in a thread: the first time takes a quarter of a second."""
    if not _tariff.cache_info().currsize:
        await asyncio.to_thread(_tariff, "anthropic", "")


def price_of(provider: str, model: str, usage: Usage) -> Decimal | None:
    """Return what a request cost in dollars, cached tokens at their own rate; None, never 0, when it is not known."""
    tariff = _tariff(provider, model)
    return None if tariff is None else tariff(usage)


@dataclass(frozen=True, slots=True)
class _Flat:
    """Dollars per request and per token; asking the table each time takes a hundred times as long."""

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


@lru_cache(maxsize=256)
def _tariff(provider: str, model: str) -> Tariff | None:
    """Return how a model is priced; None when the table does not know, or has no price for input or output."""

    def by_table(usage: Usage) -> Decimal:
        return _calculated(provider, model, usage).total_price  # type: ignore[no-any-return]

    try:
        nothing = by_table(Usage())
        fresh, output = by_table(Usage(_MANY)) - nothing, by_table(Usage(0, _MANY)) - nothing
    except LookupError:
        return None
    if not (fresh and output):
        return None
    if not _is_flat(_calculated(provider, model, Usage())):
        return by_table
    read, written = by_table(Usage(_MANY, 0, _MANY)) - nothing, by_table(Usage(_MANY, 0, 0, _MANY)) - nothing
    return _Flat(nothing, fresh / _MANY, read / _MANY, written / _MANY, output / _MANY)


def _calculated(provider: str, model: str, usage: Usage) -> Any:
    import genai_prices

    cached = usage.cache_read_tokens + usage.cache_write_tokens
    counted = genai_prices.Usage(
        input_tokens=max(usage.input_tokens, cached),
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    return genai_prices.calc_price(counted, model, provider_id=provider)


def _is_flat(calculated: Any) -> bool:
    """Whether the price depends neither on the day nor on how much is asked at once."""
    from genai_prices.types import ModelPrice, TieredPrices

    prices = calculated.model.prices
    return isinstance(prices, ModelPrice) and not any(isinstance(each, TieredPrices) for each in vars(prices).values())
