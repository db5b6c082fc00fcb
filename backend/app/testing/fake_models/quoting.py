"""Text that is quoted as data in a conversation, such as headlines, told apart from what the model is asked."""

import re
from collections.abc import Iterable
from typing import Final

import orjson

STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def quoted(texts: Iterable[str]) -> list[str]:
    """Return every JSON string in the texts; the texts themselves when none holds any."""
    whole = list(texts)
    found = [_decoded(each) for text in whole for each in STRING.findall(text)]
    return found or whole


def _decoded(literal: str) -> str:
    try:
        return str(orjson.loads(literal))
    except orjson.JSONDecodeError:
        return literal[1:-1]
