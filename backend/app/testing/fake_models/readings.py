"""Numbers found in a conversation: a tolerant search for indicators by their names, in JSON or in prose."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SPELLINGS: Mapping[str, str] = {
    "price": r"(?:last[\s_])?(?:price|close)",
    "current_price": r"current[\s_]price",
    "rsi_14": r"rsi(?:[\s_(-]*14\)?)?",
    "stoch_k": r"stoch(?:astic)?[\s_%-]*k",
    "williams_r_14": r"williams[\s_%]*r(?:[\s_(-]*14\)?)?",
    "cci_20": r"cci(?:[\s_(-]*20\)?)?",
    "mfi_14": r"mfi(?:[\s_(-]*14\)?)?",
    "sma_20": r"sma[\s_(-]*20\)?",
    "sma_50": r"sma[\s_(-]*50\)?",
    "ema_12": r"ema[\s_(-]*12\)?",
    "ema_26": r"ema[\s_(-]*26\)?",
    "macd_histogram": r"macd[\s_-]*hist(?:ogram)?",
    "roc_10": r"roc(?:[\s_(-]*10\)?)?",
    "plus_di_14": r"plus[\s_]di(?:[\s_(-]*14\)?)?",
    "minus_di_14": r"minus[\s_]di(?:[\s_(-]*14\)?)?",
    "atr_14": r"atr(?:[\s_(-]*14\)?)?",
    "bb_upper": r"bb[\s_]upper",
    "bb_middle": r"bb[\s_]middle",
    "return": r"returns?(?:[\s_(-]*\d+[a-z]*\)?)?",
    "return_21": r"return_over_bars[^}]*?\"21",
    "volatility_20": r"volatility(?:[\s_(-]*20\)?)?",
    "volatility_ratio": r"volatility[\s_]ratio",
    "drawdown": r"drawdown",
    "drawdown_in_deviations": r"drawdown[\s_]in[\s_]deviations",
    "mean": r"mean|mean[\s_]sentiment",
}
DECIMALS = re.compile(r"^[-+]?\d+\.\d{5,}$")
NUMBER = r"[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
BETWEEN = r"[\"']?\s*(?:[:=~≈]|is|was|of|at|stands at|now)?\s*[\"'$]?\s*"
_PATTERNS = {
    name: re.compile(rf"(?<![A-Za-z0-9_])(?:{spelling})(?![A-Za-z0-9_]){BETWEEN}({NUMBER})(\s*%)?", re.IGNORECASE)
    for name, spelling in SPELLINGS.items()
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that was found under a name; `quoted` is how it was written, four decimals at most."""

    name: str
    value: float
    quoted: str

    def __str__(self) -> str:
        return f"{self.name} {self.quoted}"


def readings(texts: Iterable[str]) -> dict[str, Reading]:
    """Return the last number found under each known name; a percentage of a return counts as a fraction."""
    said = "\n".join(texts)
    found = {name: last for name in SPELLINGS if (last := _last(name, said)) is not None}
    return {**found, **({"price": found["current_price"]} if "current_price" in found else {})}


def symbol(texts: Iterable[str]) -> str | None:
    """Return the symbol the conversation is about, if it names one."""
    found = re.search(r"(?i:symbol|ticker)[\"']?\s*(?:[:=]|is)?\s*[\"']?([A-Z][A-Z0-9.\-/]{0,14})\b", "\n".join(texts))
    return found[1] if found else None


def _last(name: str, said: str) -> Reading | None:
    matches = list(_PATTERNS[name].finditer(said))
    return _reading(name, matches[-1]) if matches else None


def _reading(name: str, found: re.Match[str]) -> Reading:
    quoted = found[1].rstrip(".,")
    value = float(quoted.replace(",", ""))
    if name == "return" and found[2]:
        return Reading(name, value / 100, f"{quoted}%")
    return Reading(name, value, f"{value:.4f}" if DECIMALS.search(quoted) else quoted)
