"""Models on a machine of one's own, over Ollama's own client."""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import structlog

from app import plugins
from app.ai.providers.answer_limits import UNPACKED, limited, refusing
from app.ai.providers.attempt import Attempts
from app.ai.providers.first_use import OnFirstUse
from app.ai.providers.ollama_dialect import completion, payload
from app.ai.providers.ollama_models import models_at
from app.ai.providers.ollama_stream import plain_chat, streamed_chat
from app.domain.completions import Completion, ModelRequest
from app.ports.clock import Clock
from app.ports.provider import Inquiry

log = structlog.get_logger(__name__)

DEFAULT_URL = "http://127.0.0.1:11434"
CONNECT_S = 5.0
DEFAULTS: Mapping[str, Any] = {"num_ctx": 8_192, "seed": 1, "temperature": 0.0}
NEARLY_FULL = 0.95


class OllamaProvider:
    """Asks a local model: tools without a schema, or a schema without tools.

    Args:
        base_url: of the server.
        attempt_timeout_s: the longest that one request may take.
        options: beside or instead of DEFAULTS; a request's own come before both.
        keep_alive: how long the model stays loaded, in seconds or as text such as `5m`.
    """

    name = "ollama"
    takes_tools_with_schema = False
    is_billed = False

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        attempt_timeout_s: float = 60.0,
        options: Mapping[str, Any] | None = None,
        keep_alive: float | str = "5m",
        clock: Clock | None = None,
    ) -> None:
        self._base_url = base_url
        self._options = {**DEFAULTS, **(options or {})}
        self._keep_alive = keep_alive
        self._attempts = Attempts("Ollama", attempt_timeout_s, clock or plugins.load("clock", "system")())
        self._client = OnFirstUse(self._build, lambda client: client.close())

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`."""
        return await self._attempts.one(lambda: self._ask(request, inquiry.heard), inquiry)

    async def models(self, within_s: float | None = None) -> tuple[tuple[str, bool], ...]:
        """Return the models the server has and whether each uses tools; see `models_at`."""
        return await models_at(self._base_url, not _is_here(self._base_url), within_s)

    async def warm(self) -> None:
        """Load the vendor's client now, so that no decision waits for it."""
        await self._client.get()

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
        await self._client.close()

    async def _ask(self, request: ModelRequest, heard: Callable[[str], None] | None) -> Completion:
        client = await self._client.get()
        body = payload(request, self._options, self._keep_alive)
        if heard is None:
            answer = plain_chat(await client.chat(**body))
        else:
            async with aclosing(await client.chat(**body, stream=True)) as parts:
                answer = await streamed_chat(parts, heard)
        _warn_if_full(request, answer.get("prompt_eval_count"), body["options"]["num_ctx"])
        return completion(answer)

    def _build(self) -> Any:
        from httpx import AsyncByteStream, Timeout
        from ollama import AsyncClient

        clock, timeout_s = self._attempts.clock, self._attempts.timeout_s
        return AsyncClient(
            self._base_url,
            timeout=Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            headers=UNPACKED,
            follow_redirects=False,
            # A proxy of the environment does not know what is on this machine.
            trust_env=not _is_here(self._base_url),
            event_hooks={"response": [limited("Ollama", AsyncByteStream, clock), refusing("Ollama", clock)]},
        )


def _warn_if_full(request: ModelRequest, prompt_tokens: int | None, num_ctx: int) -> None:
    """Ollama cuts a prompt that is too long without a word."""
    if prompt_tokens is not None and prompt_tokens >= NEARLY_FULL * num_ctx:
        log.warning("context nearly full", model=request.model, prompt_tokens=prompt_tokens, num_ctx=num_ctx)


def _is_here(base_url: str) -> bool:
    return urlsplit(base_url).hostname in ("localhost", "127.0.0.1", "::1")
