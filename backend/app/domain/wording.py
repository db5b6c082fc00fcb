"""Figures in sentences."""


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, which takes an s unless there is one of it; thousands are set apart."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
