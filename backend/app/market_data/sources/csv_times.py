"""Times as CSV files spell them: only forms that can be read in one way."""

from datetime import UTC, datetime
from typing import Final

HOW: Final = "cannot be read as a time without guessing; write 2024-01-02 or 2024-01-02T15:30:00+00:00"

_MILLISECONDS: Final = 13
_SECONDS: Final = 10
_DATE: Final = len("2024-01-02")


def read_time(cell: str) -> datetime:
    """Read ISO 8601, `2024/01/02`, `2024.01.02`, `20240102`, each with or without a time of day and an offset, or
    unix seconds (10 digits) or milliseconds (13). A time without an offset is UTC.

    Raises:
        ValueError, OverflowError, OSError: it is none of these.
    """
    text = cell.strip()
    if text.isdigit() and len(text) in (_SECONDS, _MILLISECONDS):
        return _unix(text)
    date = text[:_DATE]
    if "/" in date or "." in date:
        text = date.replace("/", "-").replace(".", "-") + text[_DATE:]
    return datetime.fromisoformat(text)


def _unix(digits: str) -> datetime:
    seconds = int(digits) if len(digits) == _SECONDS else int(digits) / 1_000
    return datetime.fromtimestamp(seconds, UTC)
