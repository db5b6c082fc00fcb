"""Which models an Ollama server has, and which of them use tools."""

import asyncio
from typing import Any

from app.domain.errors import ProviderError

DETECTION_S = 0.3


async def models_at(base_url: str, trust_env: bool) -> tuple[tuple[str, bool], ...]:
    """Return the name of each model and whether it uses tools; a model that cannot be described is taken not to.

    Raises:
        ProviderError: `unreachable`, the server gives no list within `DETECTION_S`.
    """
    async with await asyncio.to_thread(_http_client, base_url, trust_env) as client:
        names = await _names(client)
        return tuple(zip(names, await asyncio.gather(*(_has_tools(client, name) for name in names)), strict=True))


def _http_client(base_url: str, trust_env: bool) -> Any:
    """Plain HTTP, for Ollama's own client takes longer to import than most servers to answer."""
    from httpx import AsyncClient

    return AsyncClient(base_url=base_url, timeout=DETECTION_S, trust_env=trust_env)


async def _names(client: Any) -> list[str]:
    try:
        async with asyncio.timeout(DETECTION_S):
            listed = (await client.get("/api/tags")).raise_for_status().json()
        return [str(each["name"]) for each in listed["models"]]
    except Exception as failure:  # noqa: BLE001
        reason = type(failure).__name__
    raise ProviderError("unreachable", f"Ollama does not list its models ({reason}): start it or check its address.")


async def _has_tools(client: Any, name: str) -> bool:
    try:
        async with asyncio.timeout(DETECTION_S):
            shown = (await client.post("/api/show", json={"model": name})).raise_for_status().json()
        return "tools" in shown["capabilities"]
    except Exception:  # noqa: BLE001
        return False
