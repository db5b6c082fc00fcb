"""Short names a caller gives its own requests, safe to repeat in headers, logs and records."""

import re

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_safe_label(text: object) -> bool:
    """Whether `text` is 1 to 64 letters, digits, dots, underscores or hyphens."""
    return isinstance(text, str) and _SAFE.fullmatch(text) is not None
