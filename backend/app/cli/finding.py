"""One thing the doctor found."""

from dataclasses import dataclass
from typing import Final

OK: Final = "ok"
NOTE: Final = "note"
PROBLEM: Final = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part, and the fix when it is not as it should be.

    Args:
        state: `ok`, `note` (worth knowing) or `problem` (no decision can be made).
    """

    part: str
    state: str
    found: str
    fix: str | None = None
