"""A column of bytes that is still read as bytes when somebody edited it as text."""

from collections.abc import Callable

from sqlalchemy import Dialect, LargeBinary


class StoredBytes(LargeBinary):
    """Bytes, whatever SQLite has made of them: an edit by hand, such as `replace(body, …)`, leaves text behind.

    Verification has to see what stands there now, not to stumble over its type.
    """

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[object], bytes | None]:
        """Return the reader of a value."""
        return _as_bytes


def _as_bytes(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else str(value).encode()
