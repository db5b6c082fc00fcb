"""Search-backed answers of Perplexity's: text with its sources, never a tool and never a vote."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from app import plugins
from app.ai.providers.answer_limits import UNPACKED, limited, refusing
from app.ai.providers.attempt import Attempts
from app.ai.providers.first_use import OnFirstUse
from app.ai.providers.perplexity_dialect import completion, payload
from app.domain.completions import Completion, ModelRequest
from app.domain.errors import ProviderError
from app.ports.clock import Clock
from app.ports.provider import Inquiry

DEFAULT_URL = "https://api.perplexity.ai"
CONNECT_S = 5.0


class PerplexityProvider:
    """Asks for text alone; the answer comes in one piece and names its sources.

    Args:
        api_key: shown to nobody but the vendor.
        options: for every request, such as `search_recency_filter`: hour, day, week, month or year; a request's
            own come first.
        attempt_timeout_s: the longest that one request may take.
    """

    name = "perplexity"
    takes_tools_with_schema = False
    is_billed = True

    def __init__(
        self,
        api_key: SecretStr | str,
        base_url: str = DEFAULT_URL,
        attempt_timeout_s: float = 30.0,
        options: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._key = SecretStr(api_key) if isinstance(api_key, str) else api_key
        self._base_url = base_url
        self._options = options or {}
        self._attempts = Attempts("Perplexity", attempt_timeout_s, clock or plugins.load("clock", "system")())
        self._client = OnFirstUse(self._build, lambda client: client.aclose())

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`.

        Raises:
            ProviderError: also `unsupported`, when the request has tools or a schema.
        """
        if request.tools or request.schema is not None:
            raise ProviderError("unsupported", "Perplexity takes neither tools nor a schema: ask it for text.")
        return await self._attempts.one(lambda: self._ask(request, inquiry.heard), inquiry)

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
        await self._client.close()

    async def _ask(self, request: ModelRequest, heard: Callable[[str], None] | None) -> Completion:
        client = await self._client.get()
        response = await client.post("/chat/completions", json=payload(request, self._options))
        told = completion(response.json())
        if heard is not None:
            heard(told.text)
        return told

    def _build(self) -> Any:
        from httpx import AsyncByteStream, AsyncClient, Timeout

        clock, timeout_s = self._attempts.clock, self._attempts.timeout_s
        return AsyncClient(
            base_url=self._base_url,
            timeout=Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            headers={**UNPACKED, "Authorization": f"Bearer {self._key.get_secret_value()}"},
            event_hooks={"response": [limited("Perplexity", AsyncByteStream, clock), refusing("Perplexity", clock)]},
        )
