"""Which models an Ollama server has, and which of them use tools."""

import asyncio
from typing import Any

from app.domain.errors import ProviderError

DETECTION_S = 0.3


async def models_at(base_url: str, trust_env: bool, within_s: float | None = None) -> tuple[tuple[str, bool], ...]:
    """Return the name of each model and whether it uses tools; a model that cannot be described is taken not to.

    Args:
        within_s: longest wait for each answer; None is `DETECTION_S`.

    Raises:
        ProviderError: `unreachable`, the server gives no list in time.
    """
    patience_s = DETECTION_S if within_s is None else within_s
    async with await asyncio.to_thread(_http_client, base_url, trust_env, patience_s) as client:
        names = await _names(client, patience_s)
        able = await asyncio.gather(*(_has_tools(client, name, patience_s) for name in names))
        return tuple(zip(names, able, strict=True))


def _http_client(base_url: str, trust_env: bool, patience_s: float) -> Any:
    """Plain HTTP, for Ollama's own client takes longer to import than most servers to answer."""
    from httpx import AsyncClient

    return AsyncClient(base_url=base_url, timeout=patience_s, trust_env=trust_env)


async def _names(client: Any, patience_s: float) -> list[str]:
    try:
        async with asyncio.timeout(patience_s):
            listed = (await client.get("/api/tags")).raise_for_status().json()
        return [str(each["name"]) for each in listed["models"]]
    except Exception as failure:  # noqa: BLE001
        reason = type(failure).__name__
    raise ProviderError("unreachable", f"Ollama does not list its models ({reason}): start it or check its address.")


async def _has_tools(client: Any, name: str, patience_s: float) -> bool:
    try:
        async with asyncio.timeout(patience_s):
            shown = (await client.post("/api/show", json={"model": name})).raise_for_status().json()
        return "tools" in shown["capabilities"]
    except Exception:  # noqa: BLE001
        return False
