"""Who uses a tool: everybody, a role, an agent; figures are kept for each."""

from typing import Final

EVERYBODY: Final = ""
ROLE: Final = "role"
AGENT: Final = "agent"

Key = tuple[str, str, str]
"""A tool; by whom it is used: EVERYBODY, ROLE or AGENT; and the name of the role, or of the agent's seat."""


def keys_of(tool: str, role: str, seat: str) -> tuple[Key, Key, Key]:
    """Return under which keys a call counts."""
    return (tool, EVERYBODY, ""), (tool, ROLE, role), (tool, AGENT, seat)
