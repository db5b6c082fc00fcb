"""Answers from the exchanges that were kept; asks somebody only where that is allowed and nothing is kept."""

from dataclasses import replace
from typing import Protocol

import orjson

from app.ai.model_panel.request_keys import canonical_request, key_of
from app.domain.completions import Completion, ModelRequest
from app.domain.errors import ProviderError
from app.domain.model_calls import Exchange
from app.ports.provider import Inquiry, Provider


class ExchangeSource(Protocol):
    """Where kept exchanges are found."""

    async def exchange(self, request_key: str) -> Exchange | None:
        """Return the newest exchange of a request, or None."""


class ReplayProvider:
    """Stands in for the provider whose exchanges were kept.

    Args:
        name, takes_tools_with_schema: of the provider it stands in for.
        live: asked for what is not kept; None refuses that.
    """

    def __init__(
        self, source: ExchangeSource, name: str, takes_tools_with_schema: bool = True, live: Provider | None = None
    ) -> None:
        self.name = name
        self.takes_tools_with_schema = takes_tools_with_schema
        self.is_billed = live is not None and live.is_billed
        self._source = source
        self._live = live

    async def complete(self, request: ModelRequest, inquiry: Inquiry) -> Completion:
        """Return the newest kept answer to the same request; see `Provider.complete`.

        Raises:
            ProviderError: `not_recorded` when none is kept and nobody may be asked.
        """
        kept = await self._source.exchange(key_of(canonical_request(request)))
        if kept is not None:
            return replace(Completion.from_dict(orjson.loads(kept.response)), is_kept=True)
        if self._live is None:
            raise ProviderError("not_recorded", "No answer to this request is kept, and in replay nobody is asked.")
        return await self._live.complete(request, inquiry)

    async def close(self) -> None:
        """Let go of whoever may be asked."""
        if self._live is not None:
            await self._live.close()
