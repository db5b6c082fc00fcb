"""Claude, over Anthropic's own client."""

from collections.abc import Callable
from typing import Any

import orjson
from pydantic import SecretStr

from app import plugins
from app.ai.providers.answer_limits import UNPACKED, limited
from app.ai.providers.anthropic_dialect import completion, payload
from app.ai.providers.anthropic_stream import streamed_message
from app.ai.providers.attempt import Attempts
from app.ai.providers.first_use import OnFirstUse
from app.ai.providers.vendor_errors import is_about_schema
from app.domain.completions import Completion, ModelRequest
from app.ports.clock import Clock
from app.ports.provider import Inquiry

DEFAULT_URL = "https://api.anthropic.com"
CONNECT_S = 5.0


class AnthropicProvider:
    """Asks Claude: strict tools and the answer's schema in one request, streamed when somebody listens.

    Args:
        api_key: shown to nobody but the vendor.
        base_url: of another server that speaks the same API; None is the vendor's.
        attempt_timeout_s: the longest that one request may take.
    """

    name = "anthropic"
    takes_tools_with_schema = True
    is_billed = True

    def __init__(
        self,
        api_key: SecretStr | str,
        base_url: str | None = None,
        attempt_timeout_s: float = 30.0,
        clock: Clock | None = None,
    ) -> None:
        self._key = SecretStr(api_key) if isinstance(api_key, str) else api_key
        self._base_url = base_url or DEFAULT_URL
        self._attempts = Attempts("Anthropic", attempt_timeout_s, clock or plugins.load("clock", "system")())
        self._client = OnFirstUse(self._build, lambda client: client.close())
        self._unenforced: set[str] = set()

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the model's turn; see `Provider.complete`.

        A model whose server refuses schemas is asked once more without, and from then on only so.
        """
        return await self._attempts.one(lambda: self._ask(request, inquiry.heard), inquiry)

    async def warm(self) -> None:
        """Load the vendor's client now, so that no decision waits for it."""
        await self._client.get()

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
        await self._client.close()

    async def _ask(self, request: ModelRequest, heard: Callable[[str], None] | None) -> Completion:
        enforced = request.model not in self._unenforced
        try:
            return await self._send(payload(request, enforced), heard)
        except Exception as failure:
            if not (enforced and is_about_schema(failure) and (request.tools or request.schema)):
                raise
        self._unenforced.add(request.model)
        return await self._send(payload(request, enforced=False), heard)

    async def _send(self, body: dict[str, Any], heard: Callable[[str], None] | None) -> Completion:
        messages = (await self._client.get()).messages
        if heard is None:
            raw = await messages.with_raw_response.create(**body)
            return completion(orjson.loads(raw.http_response.content))
        async with messages.with_streaming_response.create(**body, stream=True) as streamed:
            return completion(await streamed_message(streamed.http_response, heard))

    def _build(self) -> Any:
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
        from httpx2 import AsyncByteStream, Timeout

        timeout = Timeout(self._attempts.timeout_s, connect=min(CONNECT_S, self._attempts.timeout_s))
        hooks = {"response": [limited("Anthropic", AsyncByteStream, self._attempts.clock)]}
        return AsyncAnthropic(
            api_key=self._key.get_secret_value(),
            base_url=self._base_url,
            timeout=timeout,
            max_retries=0,
            default_headers=UNPACKED,
            http_client=DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False, event_hooks=hooks),
        )
