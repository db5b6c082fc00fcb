"""The words of the desk on one axis: STRONG_SELL … STRONG_BUY are the levels -2 … 2, a level's camp is its sign.

Words are ASCII; they are trimmed, upper-cased, and a space or hyphen counts as an underscore: " strong-buy" is
STRONG_BUY.
"""

from typing import Final, TypeAlias

Level: TypeAlias = int
"""-2 STRONG_SELL, -1 SELL, 0 HOLD, 1 BUY, 2 STRONG_BUY."""

Camp: TypeAlias = int
"""-1 BEAR, 0 HOLD, 1 BULL."""

BEAR: Final = -1
HOLD: Final = 0
BULL: Final = 1
LEVELS: Final = (-2, -1, 0, 1, 2)

WORD_OF: Final[dict[Level, str]] = {-2: "STRONG_SELL", -1: "SELL", 0: "HOLD", 1: "BUY", 2: "STRONG_BUY"}
ABSTAIN: Final = "ABSTAIN"
NO_DECISION: Final = "NO_DECISION"

_MEANING: Final[dict[str, Level | None]] = {word: level for level, word in WORD_OF.items()} | {ABSTAIN: None}


def read_word(text: object) -> Level | None:
    """Return the level a decision word stands for, or None for ABSTAIN.

    Raises:
        ValueError: it is no word an agent may say (NO_DECISION, other letters, not text at all).
    """
    if not isinstance(text, str):
        raise ValueError("not text")
    if text in _MEANING:
        return _MEANING[text]
    word = text.strip().upper().replace(" ", "_").replace("-", "_")
    if not text.isascii() or word not in _MEANING:
        raise ValueError("not a decision word")
    return _MEANING[word]


def camp_of(level: Level) -> Camp:
    """Return the camp of a level: STRONG never splits its camp."""
    return (level > 0) - (level < 0)


def grows_exposure(camp: Camp, side: int) -> bool:
    """Tell whether moving with `camp` opens or grows exposure when `side` (-1, 0, 1) is the sign of the position.

    Buying while flat or long grows it, selling while flat or short too; HOLD never does.
    """
    return camp != HOLD and camp * side >= 0


def mildest(levels: list[Level]) -> Level:
    """Return the level nearest to HOLD among levels of one camp."""
    return min(levels, key=abs)
