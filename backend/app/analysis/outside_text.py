"""Text from strangers, made fit to be shown: one spelling, nothing hidden, of bounded length, its oddities flagged."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.analysis.injection_phrases import speaks_to_a_model

MAX_TITLE: Final = 300
MAX_TEXT: Final = 2_000

_TAG_START: Final = re.compile(r"<[!/?a-zA-Z]")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SPACES: Final = re.compile(r"\s+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Co", "Cs", "Cn"})
# letters and marks that show nothing, though Unicode does not call them formats
_BLANK: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
# behind a sign these choose between its plain and its coloured form; they hide nothing
_EMOJI_FORM: Final = re.compile("[\ufe0e\ufe0f]")
# scripts with letters that pass for Latin ones; a word that mixes them was made to deceive. Greek letters that pass for
# none stay out (5\u03bcm, \u03b2-blocker), and so does an alpha that ends a word (TNF\u03b1).
_LOOKALIKES: Final = re.compile(
    r"\b(?=\w*[A-Za-z])\w*(?:[\u0391\u0392\u0395-\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    r"\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0400-\u052f\u0531-\u058f\u13a0-\u13ff\uab70-\uabbf]|\u03b1\w)"
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text that may be quoted, and what was odd about it.

    Args:
        flags: of `hidden_characters`, `markup`, `lookalike_letters`, `encoded_text`, `injection_phrase`, `truncated`.
    """

    text: str
    flags: frozenset[str]


@lru_cache(maxsize=1_024)
def clean(text: str, limit: int = MAX_TEXT) -> Cleaned:
    """Return `text` in NFKC without hidden characters and markup, on one line, at most `limit` characters long.

    Cleaning a cleaned text changes nothing.
    """
    normal = unicodedata.normalize("NFKC", text)
    # what stood apart may combine once nothing is between it
    seen = unicodedata.normalize("NFKC", visible(normal))
    uncommented = _COMMENT.sub(" ", seen)
    parts = _between_tags(uncommented)
    plain = _on_one_line(" ".join(parts))
    told = {
        "hidden_characters": visible(normal) != _EMOJI_FORM.sub("", normal),
        "markup": len(parts) > 1 or uncommented != seen,
        "lookalike_letters": bool(_LOOKALIKES.search(plain)),
        "encoded_text": bool(_BASE64.search(plain)),
        "injection_phrase": speaks_to_a_model(seen, plain, "".join(parts)),
        "truncated": len(plain) > limit,
    }
    return Cleaned(plain[:limit].rstrip(), frozenset(name for name, holds in told.items() if holds))


def oddities(text: str) -> frozenset[str]:
    """Return the flags of a text."""
    return clean(text).flags


def visible(text: str) -> str:
    """Return `text` without characters that show nothing; tabs and line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return _BLANK.sub("", "".join(each for each in text if _is_kept(each)))


def _is_kept(character: str) -> bool:
    return character in "\n\t\r" or unicodedata.category(character) not in _INVISIBLE


def _between_tags(text: str) -> list[str]:
    """Return what stands before, between and after tags; each tag reaches to the next `>`."""
    parts, place = [], 0
    while (start := _TAG_START.search(text, place)) and (end := text.find(">", start.end())) >= 0:
        parts.append(text[place : start.start()])
        place = end + 1
    return [*parts, text[place:]]


def _on_one_line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()
