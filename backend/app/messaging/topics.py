"""Topic patterns as RabbitMQ reads them: words joined by dots, `*` is one word, `#` any number of words."""

from collections.abc import Sequence


def matches(pattern: str, topic: str) -> bool:
    """Whether `topic` fits `pattern`."""
    return _fits(pattern.split("."), topic.split("."))


def _fits(pattern: Sequence[str], words: Sequence[str]) -> bool:
    if not pattern:
        return not words
    head, rest = pattern[0], pattern[1:]
    if head == "#":
        return any(_fits(rest, words[taken:]) for taken in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _fits(rest, words[1:])
