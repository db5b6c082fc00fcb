"""Ids: UUIDv7, which sort by the time they were made."""

from uuid import UUID

from uuid_utils import uuid7

TWIN_SUFFIX = "_rules"
"""Ends the seat of a rule-based analyst that sits beside a model of its role."""


def new_id() -> str:
    """Return a new UUIDv7 as text."""
    return str(uuid7())


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in its usual form."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def agent_id(role: str, symbol: str) -> str:
    """Return the id of the agent that plays `role` for `symbol`."""
    return f"{role}_{symbol}"


def seat_of(agent: str, symbol: str) -> str:
    """Return the seat of an agent: its id without the symbol, such as `risk_advisor` or `risk_advisor_rules`."""
    return agent.removesuffix(f"_{symbol}")
