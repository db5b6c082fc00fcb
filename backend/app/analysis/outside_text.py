"""Text from strangers, made fit to be shown: one spelling, nothing hidden, of bounded length, its oddities flagged."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_TITLE: Final = 300
MAX_TEXT: Final = 2_000

_TAG: Final = re.compile(r"<[!/?a-zA-Z][^<>]{0,500}>")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_SPACES: Final = re.compile(r"\s+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{60,}={0,2}")
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Co", "Cs", "Cn"})
# scripts whose letters pass for Latin ones; a word that mixes them was made to deceive
_LOOKALIKES: Final = re.compile(r"(?=\w*[A-Za-z])(?=\w*[\u0370-\u03ff\u0400-\u052f\u0530-\u058f])\w+")
_COMMANDS: Final = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|your|the)\b"
    r"|\b(?:system|developer|assistant|user|human|tool)\s*(?:prompt|message|note|role)?\s*[:>\]]"
    r"|\byou (?:are|must|should|will|shall|have to)\b|\byour (?:new )?(?:task|role|instructions?|orders?|vote)\b"
    r"|\b(?:new|updated|real) (?:instructions?|rules?|task)\b|\bact as\b|\bpretend\b|\brole-?play\b|\bjailbreak\b"
    r"|\b(?:vote|answer|respond|reply|output|return|decide|set|call|invoke|execute|run|use)\b.{0,40}"
    r"\b(?:strong[_ ]?(?:buy|sell)|confidence|sentiment|relevance|position[_ ]?size|json|tool|function|decision)\b"
    r"|\b(?:ai|llm|language model|chatbot|agent|analyst)s?\b.{0,30}\b(?:must|should|has to|have to|are to|is to)\b"
    r"|<\|?[a-z_]+\|?>|\[/?inst\]|```",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text that may be quoted, and what was odd about it.

    Args:
        flags: of `hidden_characters`, `markup`, `lookalike_letters`, `encoded_text`, `injection_phrase`, `truncated`.
    """

    text: str
    flags: frozenset[str]


def clean(text: str, limit: int = MAX_TEXT) -> Cleaned:
    """Return `text` in NFKC without hidden characters and markup, on one line, at most `limit` characters long."""
    visible = _visible(unicodedata.normalize("NFKC", text))
    plain = _SPACES.sub(" ", _TAG.sub(" ", _COMMENT.sub(" ", visible))).strip()
    told = {
        "hidden_characters": len(visible) < len(unicodedata.normalize("NFKC", text)),
        "markup": bool(_TAG.search(visible) or _COMMENT.search(visible)),
        "lookalike_letters": bool(_LOOKALIKES.search(plain)),
        "encoded_text": bool(_BASE64.search(plain)),
        "injection_phrase": bool(_COMMANDS.search(visible)),
        "truncated": len(plain) > limit,
    }
    return Cleaned(plain[:limit], frozenset(name for name, holds in told.items() if holds))


@lru_cache(maxsize=4_096)
def oddities(text: str) -> frozenset[str]:
    """Return the flags of a text."""
    return clean(text).flags


def _visible(text: str) -> str:
    return "".join(each for each in text if each in "\n\t\r" or unicodedata.category(each) not in _INVISIBLE)
