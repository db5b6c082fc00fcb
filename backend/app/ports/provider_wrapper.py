"""What a provider around a provider has in common with it."""

from app.ports.provider import Provider


class ProviderWrapper:
    """Is to the outside what `inner` is, but for the way it answers requests."""

    def __init__(self, inner: Provider) -> None:
        self.inner = inner

    @property
    def name(self) -> str:
        """The vendor's name."""
        return self.inner.name

    @property
    def takes_tools_with_schema(self) -> bool:
        """Whether one request may carry tools and a schema."""
        return self.inner.takes_tools_with_schema

    @property
    def is_billed(self) -> bool:
        """Whether the vendor charges for tokens."""
        return self.inner.is_billed

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
        await self.inner.close()
