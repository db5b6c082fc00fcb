"""Whether a model's turn is one: of the right type, ended for a known reason, saying something, of decent size."""

from collections.abc import Mapping
from typing import Any

import orjson

from app.domain.completions import Completion, Stop
from app.domain.errors import ProviderError

MOST_TEXT = 1_000_000
LEVELS_ABOVE = 16
"""How deep a turn may lie in what is written of it: in the next request, in events, in the evidence."""


def known_stop(vendor: str, word: object, stops: Mapping[str, Stop]) -> Stop:
    """Return why the model stopped, in our word.

    Args:
        word: the vendor's; None says that the answer has no end.
        stops: the vendor's words and ours.

    Raises:
        ProviderError: `cut_short`, or the word is not known.
    """
    if word is None:
        raise ProviderError("cut_short", f"{vendor}'s answer ended before its end.")
    if not isinstance(word, str) or word not in stops:
        raise ProviderError("invalid_response", f"{vendor} stopped for a reason that is not known.")
    return stops[word]


def whole(vendor: str, completion: Completion) -> Completion:
    """Return `completion` if it is usable and can be kept as JSON.

    Raises:
        ProviderError: what is wrong with it.
    """
    if completion.stop == "refusal":
        raise ProviderError("refusal", f"{vendor} refused to answer.")
    _check(vendor, "is not text", isinstance(completion.text, str) and isinstance(completion.model, str))
    if len(completion.text) > MOST_TEXT:
        raise ProviderError("too_large", f"{vendor}'s answer is longer than {MOST_TEXT:,} characters.")
    _check(vendor, "has a tool use that cannot be read", all(_is_readable(each) for each in completion.tool_uses))
    _check(vendor, "ends in a tool use", bool(completion.tool_uses) == (completion.stop == "tool_use"))
    _check(vendor, "says nothing", bool(completion.text.strip() or completion.tool_uses))
    _check(vendor, "cannot be written down", _can_be_kept(completion))
    return completion


def count(tokens: Any) -> int:
    """Return a vendor's count of tokens, 0 where it gives none."""
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens > 0 else 0


def _check(vendor: str, wrong: str, is_fine: bool) -> None:
    if not is_fine:
        raise ProviderError("invalid_response", f"{vendor}'s answer {wrong}.")


def _is_readable(use: Any) -> bool:
    named = isinstance(use.id, str) and isinstance(use.name, str) and bool(use.id and use.name)
    return named and isinstance(use.arguments, Mapping)


def _can_be_kept(completion: Completion) -> bool:
    kept: Any = completion.as_dict()
    for _ in range(LEVELS_ABOVE):
        kept = [kept]
    try:
        orjson.dumps(kept)
    except TypeError:  # half a surrogate pair, a whole number beyond 64 bits, too many levels
        return False
    return True
