"""A plain opinion from the numbers and words of a conversation.

The rule: each number that is known pushes up or down, between -1 and 1, in one of four families: trend (the price
against its averages, momentum), stretch (oscillators far from neutral, against them), risk (volatility and drawdown,
down only) and mood (sentiment). The family of the analyst it is told to be counts three times. The mean of the
families is the score: beyond 0.15 it is BUY or SELL, beyond 0.5 the strong form, within it HOLD; nothing known is
ABSTAIN.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.testing.fake_models.conversation import Asked
from app.testing.fake_models.pushes import Push, pushes
from app.testing.fake_models.quoting import quoted
from app.testing.fake_models.readings import Reading, readings

DIRECTION: Final = 0.15
STRONG: Final = 0.5
FOCUS: Final = 3
LARGEST_POSITION: Final = 0.2
MOST_REASONS: Final = 3
ROLE: Final = re.compile(r"you are (?:the |an? )?([^.,\n]{3,60})", re.IGNORECASE)
TOPICS: Final[Mapping[str, str]] = {
    "trend": r"trend|momentum|regime",
    "stretch": r"reversion|technical|oscillator",
    "risk": r"\brisk",
    "mood": r"news|sentiment",
}


def opinion(asked: Asked) -> dict[str, Any]:
    """Return what the model thinks, under the names that votes and news judgements use for it."""
    known = readings(asked.heard)
    found = pushes(known, asked.heard)
    weights = _weights(asked)
    score = _score(found, weights)
    word = _word(score) if found else "ABSTAIN"
    return {
        "decision": word,
        "confidence": None if word == "ABSTAIN" else _confidence(word, score),
        "reasoning": _reasoning(word, sorted(found, key=lambda push: -abs(push.strength) * weights[push.family])),
        "risk": _risk(known),
        "position_size": 0.0 if word in {"HOLD", "ABSTAIN"} else round(LARGEST_POSITION * abs(score), 4),
        **_exits(word, known),
        **_news(found, asked.heard),
    }


def _weights(asked: Asked) -> dict[str, int]:
    """Return how much each family counts for the analyst that the model is told to be."""
    roles = " ".join(ROLE.findall("\n".join((asked.told, *asked.heard))))
    return {family: FOCUS if re.search(words, roles, re.IGNORECASE) else 1 for family, words in TOPICS.items()}


def _score(found: Iterable[Push], weights: Mapping[str, int]) -> float:
    families: dict[str, list[float]] = {}
    for push in found:
        families.setdefault(push.family, []).append(push.strength)
    total = sum(weights[family] * sum(each) / len(each) for family, each in families.items())
    return total / max(1, sum(weights[family] for family in families))


def _word(score: float) -> str:
    if abs(score) < DIRECTION:
        return "HOLD"
    side = "BUY" if score > 0 else "SELL"
    return f"STRONG_{side}" if abs(score) >= STRONG else side


def _confidence(word: str, score: float) -> float:
    return round(0.9 - 2 * abs(score) if word == "HOLD" else min(0.95, 0.5 + abs(score) / 2), 4)


def _reasoning(word: str, found: Sequence[Push]) -> str:
    if not found:
        return "Nothing that was said holds a number I know, so I give no opinion."
    return f"For a rise: {_quoted(found, 1)}. For a fall: {_quoted(found, -1)}. On balance {word}."


def _quoted(found: Iterable[Push], side: int) -> str:
    """Quote the first reasons of one side."""
    reasons = dict.fromkeys(push.quoted for push in found if push.strength * side > 0)
    return ", ".join(list(reasons)[:MOST_REASONS]) or "nothing"


def _risk(known: Mapping[str, Reading]) -> float:
    ratio = known["volatility_ratio"].value if "volatility_ratio" in known else 1.0
    return round(min(1.0, max(0.0, 0.4 * ratio)), 4)


def _exits(word: str, known: Mapping[str, Reading]) -> dict[str, float | None]:
    if "price" not in known or word in {"HOLD", "ABSTAIN"}:
        return {"stop_loss": None, "take_profit": None}
    price = known["price"].value
    step = known["atr_14"].value if "atr_14" in known else price / 50
    side = 1 if word.endswith("BUY") else -1
    return {"stop_loss": _price(price - 2 * side * step), "take_profit": _price(price + 3 * side * step)}


def _price(value: float) -> float | None:
    return round(value, 4) if value > 0 else None


def _news(found: Iterable[Push], heard: Iterable[str]) -> dict[str, Any]:
    mood = [push.strength for push in found if push.family == "mood"]
    return {
        "sentiment": round(sum(mood) / len(mood), 4) if mood else 0.0,
        "relevance": 0.8 if mood else 0.2,
        "event": _event("\n".join(quoted(heard)).lower()) if mood else "none",
    }


EVENTS: Final[Mapping[str, str]] = {
    "earnings": r"earnings|profit|results|quarter",
    "guidance": r"guidance|outlook|forecast",
    "merger": r"merger|acqui|takeover",
    "rating": r"upgrade|downgrade|price target",
    "legal": r"lawsuit|court|investigation|regulator",
    "product": r"launch|unveil|product",
    "management": r"\bceo\b|\bcfo\b|resign|appoint",
    "macro": r"\bfed\b|inflation|interest rate|unemployment",
}


def _event(said: str) -> str:
    return next((event for event, words in EVENTS.items() if re.search(words, said)), "other")
