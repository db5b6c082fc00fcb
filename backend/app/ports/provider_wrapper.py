"""What a provider around a provider has in common with it."""

from app.ports.provider import Provider


class ProviderWrapper:
    """Is to the outside what `inner` is, but for the way it answers requests; see `Provider`."""

    def __init__(self, inner: Provider) -> None:
        self.inner = inner
        self.name = inner.name
        self.takes_tools_with_schema = inner.takes_tools_with_schema
        self.is_billed = inner.is_billed

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
        await self.inner.close()
