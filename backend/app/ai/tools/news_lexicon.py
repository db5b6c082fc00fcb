"""Sentiment by the VADER lexicon, with the words of the market that it lacks or reads as everyday speech.

Source: Hutto and Gilbert (2014), VADER, ICWSM-14. Valences run from -4 to 4 as there; the market words are our own.
"""

import unicodedata
from functools import cache, lru_cache
from typing import Any

MAX_CHARACTERS = 500

MARKET_WORDS = {
    "bankruptcy": -3.5,
    "beat": 2.0,
    "beats": 2.0,
    "bearish": -2.0,
    "bullish": 2.0,
    "buyback": 1.5,
    "crash": -3.2,
    "cut": -1.3,
    "cuts": -1.3,
    "disappoints": -2.2,
    "downgrade": -2.3,
    "downgrades": -2.3,
    "downgraded": -2.3,
    "fraud": -3.3,
    "guidance": 0.0,
    "halts": -1.5,
    "investigation": -1.8,
    "lawsuit": -1.7,
    "layoffs": -1.8,
    "loss": -1.8,
    "losses": -1.9,
    "miss": -2.0,
    "misses": -2.0,
    "outperform": 2.0,
    "outlook": 0.0,
    "plunge": -3.0,
    "plunges": -3.0,
    "plunged": -3.0,
    "profit": 0.8,
    "raises": 1.5,
    "rally": 2.0,
    "rallies": 2.0,
    "recall": -1.7,
    "record": 1.3,
    "rise": 1.4,
    "rises": 1.4,
    "share": 0.0,
    "shares": 0.0,
    "slump": -2.4,
    "slumps": -2.4,
    "soars": 2.8,
    "surge": 2.5,
    "surges": 2.5,
    "tumbles": -2.5,
    "underperform": -2.0,
    "upgrade": 2.2,
    "upgrades": 2.2,
    "upgraded": 2.2,
    "warning": -2.2,
    "warns": -2.2,
}
PHRASES = {"profit warning": "warning", "below expectations": "disappoints", "above expectations": "beats"}


@lru_cache(maxsize=4_096)
def score(title: str, text: str | None) -> float:
    """Return the mood of a headline, with its text where there is one, in [-1, 1]; unseen characters do not count."""
    words = f"{title}. {text}" if text else title
    visible = "".join(letter for letter in words[: 2 * MAX_CHARACTERS] if unicodedata.category(letter) != "Cf")
    plain = unicodedata.normalize("NFKC", visible)[:MAX_CHARACTERS].lower()
    for phrase, word in PHRASES.items():
        plain = plain.replace(phrase, word)
    return float(_analyzer().polarity_scores(plain)["compound"])


@cache
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(MARKET_WORDS)
    return analyzer
