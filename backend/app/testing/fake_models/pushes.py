"""What each known number or word says about the direction, between -1 and 1."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.testing.fake_models.quoting import quoted
from app.testing.fake_models.readings import Reading

Known = Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class Push:
    """One reason: its family, its strength (-1 falls, 1 rises) and the numbers it rests on, as they were written."""

    family: str
    strength: float
    quoted: str


SINGLE: Final[Mapping[str, tuple[str, Callable[[float], float]]]] = {
    "roc_10": ("trend", lambda value: value / 10),
    "macd_histogram": ("trend", lambda value: 0.4 if value > 0 else -0.4 if value < 0 else 0.0),
    "return": ("trend", lambda value: value * 10),
    "return_21": ("trend", lambda value: value * 10),
    "rsi_14": ("stretch", lambda value: (50 - value) / 30),
    "stoch_k": ("stretch", lambda value: (50 - value) / 50),
    "williams_r_14": ("stretch", lambda value: (-50 - value) / 50),
    "cci_20": ("stretch", lambda value: -value / 200),
    "mfi_14": ("stretch", lambda value: (50 - value) / 40),
    "volatility_ratio": ("risk", lambda value: min(0.0, 1.2 - value)),
    "drawdown_in_deviations": ("risk", lambda value: -value / 4),
    "mean": ("mood", lambda value: value),
}
PAIRS: Final[Mapping[tuple[str, str], Callable[[float, float], float]]] = {
    ("price", "sma_20"): lambda price, average: 15 * (price / average - 1),
    ("sma_20", "sma_50"): lambda short, long: 15 * (short / long - 1),
    ("ema_12", "ema_26"): lambda short, long: 25 * (short / long - 1),
    ("plus_di_14", "minus_di_14"): lambda plus, minus: (plus - minus) / 40,
}
REGIMES: Final[Mapping[str, float]] = {
    "trending_bullish": 0.6,
    "recovery": 0.4,
    "trending_bearish": -0.6,
    "crash": -0.9,
    "high_volatility": -0.2,
}
GOOD: Final = re.compile(
    r"\b(?:beats?|upgrade[sd]?|raise[sd]?|surge[sd]?|soar(?:s|ed)?|rall(?:y|ies|ied)|outperform(?:s|ed)?|strong|best"
    r"|ris(?:es?|ing)|rose|gain(?:s|ed)?|jump(?:s|ed)?|growth|exceed(?:s|ed)?"
    r"|record (?:high|quarter|sales|profits?))\b",
    re.IGNORECASE,
)
BAD: Final = re.compile(
    r"\b(?:miss(?:es|ed)?|downgrade[sd]?|lawsuits?|cuts?|plunge[sd]?|fraud|investigations?|recall(?:s|ed)?|weak|fears?"
    r"|warn(?:s|ed|ing)?|layoffs|fall(?:s|ing)?|fell|drop(?:s|ped)?|disappoint\w*|bankruptcy|loss(?:es)?|below"
    r"|slump\w*|declin\w+|recession)\b",
    re.IGNORECASE,
)


def pushes(known: Known, heard: Sequence[str]) -> list[Push]:
    """Return every reason there is."""
    said = "\n".join(heard)
    return [*_of_numbers(known), *_of_pairs(known), *_of_regime(said), *_of_words(heard)]


def _of_numbers(known: Known) -> Iterator[Push]:
    for name, (family, strength) in SINGLE.items():
        if name in known:
            yield Push(family, _bounded(strength(known[name].value)), str(known[name]))


def _of_pairs(known: Known) -> Iterator[Push]:
    for (left, right), strength in PAIRS.items():
        if left in known and right in known and known[right].value:
            one, other = known[left], known[right]
            yield Push("trend", _bounded(strength(one.value, other.value)), f"{one} against {other}")


def _of_regime(said: str) -> Iterator[Push]:
    labels = re.findall(r"(?:label|regime)[\"']?\s*(?:[:=]|is)\s*[\"']?([a-z_]+)", said)
    if labels and labels[-1] in REGIMES:
        yield Push("trend", REGIMES[labels[-1]], f"regime {labels[-1]}")


def _of_words(heard: Sequence[str]) -> Iterator[Push]:
    said = "\n".join(quoted(heard))
    for kind, strength in ((GOOD, 1.0), (BAD, -1.0)):
        yield from (Push("mood", strength, f'"{found.lower()}"') for found in kind.findall(said))


def _bounded(strength: float) -> float:
    return max(-1.0, min(1.0, strength))
