"""Limits on what a vendor may send, kept while it is being read."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from app.ai.providers.vendor_errors import provider_error, status_error
from app.domain.errors import ProviderError
from app.ports.clock import Clock

# A token takes some 150 bytes of a stream, so this is far more than any answer that is asked for.
MOST_BYTES = 4 * 1024 * 1024
# Counting what arrives counts what is unpacked only if nothing is packed.
UNPACKED = {"Accept-Encoding": "identity"}

Hook = Callable[[Any], Awaitable[None]]


def limited(vendor: str, stream_class: type[Any], clock: Clock) -> Hook:
    """Return a hook for responses that ends one which is too large, packed or broken off.

    Args:
        stream_class: `AsyncByteStream` of the client's HTTP library, which takes no other streams.
    """
    limited_stream = type("LimitedStream", (_Limited, stream_class), {})

    async def hook(response: Any) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ProviderError("invalid_response", f"{vendor} sent a packed answer, which nobody asked for.")
        length = response.headers.get("content-length", "")
        _refuse_more(vendor, int(length) if length.isdecimal() else 0)
        response.stream = limited_stream(response.stream, vendor, clock)

    return hook


def refusing(vendor: str, clock: Clock) -> Hook:
    """Return a hook that raises what a status means, with the Retry-After that some clients lose."""

    async def hook(response: Any) -> None:
        if not response.is_success:
            raise status_error(vendor, response.status_code, response.headers, clock.now())

    return hook


class _Limited:
    def __init__(self, inner: Any, vendor: str, clock: Clock) -> None:
        self._inner = inner
        self._vendor = vendor
        self._clock = clock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        try:
            async for chunk in self._inner:
                read += len(chunk)
                _refuse_more(self._vendor, read)
                yield chunk
        except Exception as failure:  # noqa: BLE001
            raise _broken_off(self._vendor, failure, self._clock) from None

    async def aclose(self) -> None:
        await self._inner.aclose()


def _refuse_more(vendor: str, size: int) -> None:
    if size > MOST_BYTES:
        raise ProviderError("too_large", f"{vendor}'s answer is larger than {MOST_BYTES:,} bytes.")


def _broken_off(vendor: str, failure: Exception, clock: Clock) -> ProviderError:
    """An answer had begun, so a lost connection means that it was cut."""
    error = provider_error(vendor, failure, clock.now())
    if error.kind != "unreachable":
        return error
    return ProviderError("cut_short", f"{vendor} broke off in the middle of its answer.")
