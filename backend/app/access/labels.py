"""Short names a caller gives its own requests, safe to repeat in headers, logs and records."""

import re

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def is_safe_label(text: object) -> bool:
    """Whether `text` is 1 to 64 letters, digits, dots, underscores or hyphens."""
    return isinstance(text, str) and _SAFE.fullmatch(text) is not None


def is_idempotency_key(text: str) -> bool:
    """Whether `text` is 1 to 200 visible ASCII characters."""
    return _KEY.fullmatch(text) is not None
