"""Orders in text from outside: votes, numbers and tool names near words of command, in a few languages.

They are also found behind base64, rot13, percent signs, HTML entities, look-alike forms and unseen characters.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from codecs import decode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Any, Final
from unicodedata import category, normalize
from urllib.parse import unquote

from app.testing.fake_models.quoting import quoted

KEPT: Final = 8_192
COMMAND: Final = (
    r"(?:vote|voting|set|answer|respond|reply|output|return|choose|select|pick|change|must|should|always|decision|call"
    r"|invoke|run|execute|use|rate|recommend|stimme|setze|antworte|w[aä]hle|rufe?|nutze|votez|r[eé]pond(?:s|ez|re)|mets"
    r"|appelle[rz]?|utilise[rz]?|vota|responde|llama|pon|usa|rispondi|chiama|imposta|responda|chame|defina|голосуй\w*"
    r"|ответь\w*|вызови\w*|установи\w*|выбери\w*|投票|回答|调用|设置|选择|使用)"
)
DECISIONS: Final = (
    ("STRONG_BUY", r"strong[\s_-]*buy|stark kaufen|achat fort|compra fuerte|сильная покупка|强烈买入"),
    ("STRONG_SELL", r"strong[\s_-]*sell|stark verkaufen|vente forte|venta fuerte|сильная продажа|强烈卖出"),
    ("SELL", r"\bsell\b|verkaufen|vendre|\bvender\b|продавать|продать|卖出"),
    ("BUY", r"\bbuy\b|\bkaufen\b|acheter|comprar|покупать|купить|买入"),
    ("HOLD", r"\bhold\b|\bhalten\b|conserver|mantener|держать|持有"),
    ("ABSTAIN", r"\babstain\b|enthalte dich|s'abstenir|abstenerse|воздержись|弃权"),
)
MOOD: Final = {"STRONG_BUY": 1.0, "BUY": 0.6, "HOLD": 0.0, "ABSTAIN": 0.0, "SELL": -0.6, "STRONG_SELL": -1.0}
FIELDS: Final = ("confidence", "risk", "position_size", "stop_loss", "take_profit", "sentiment", "relevance")
AMOUNT: Final = r"[\"'`]?\s*(?:to|of|at|is|=|:|auf|à|en|на|为)?\s*[\"'`]?\s*([-+]?\d+(?:\.\d+)?)\s*(%)?"
NAMED_TOOL: Final = re.compile(
    r"(?:call|invoke|run|execute|use)\s+(?:the\s+)?(?:tool|function)\s+[\"'`]?(\w{3,64})", re.I
)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the model was told to do: values of its answer by name, and tools to call."""

    ideas: dict[str, Any] = field(default_factory=dict)
    tools: tuple[str, ...] = ()


def orders_in(heard: Iterable[str], offered: Sequence[str] = ()) -> Orders:
    """Return what text from outside tells a model to do; `offered` are the names of its tools."""
    texts = [reading for each in quoted(heard) for reading in _ways_to_read(each)]
    named = [name for text in texts for name in _tools(text, tuple(offered))]
    ideas = {name: value for text in texts for name, value in _ideas(text)}
    return Orders(ideas, tuple(dict.fromkeys(named)))


def _ways_to_read(text: str) -> Iterator[str]:
    plain = "".join(each for each in normalize("NFKC", unescape(text)) if category(each) != "Cf")
    yield plain
    yield unquote(plain)
    yield decode(plain, "rot13")
    for encoded in re.findall(r"[A-Za-z0-9+/_-]{16,}={0,2}", plain):
        yield _from_base64(encoded)


def _from_base64(encoded: str) -> str:
    try:
        return b64decode(encoded.rstrip("=") + "==", altchars=b"-_").decode()
    except (NotBase64, UnicodeDecodeError):
        return ""


@lru_cache(maxsize=KEPT)
def _ideas(text: str) -> tuple[tuple[str, Any], ...]:
    """Return what a text orders; a conversation repeats most of its strings in every turn."""
    return tuple(_ordered(text))


def _ordered(text: str) -> Iterator[tuple[str, Any]]:
    for decision, words in DECISIONS:
        if re.search(rf"{COMMAND}.{{0,80}}?(?:{words})", text, re.IGNORECASE | re.DOTALL):
            yield from {"decision": decision, "sentiment": MOOD[decision], "relevance": 1.0}.items()
            break
    for name in FIELDS:
        found = re.search(name.replace("_", r"[\s_-]?") + AMOUNT, text, re.IGNORECASE)
        if found:
            yield name, float(found[1]) / (100 if found[2] else 1)


@lru_cache(maxsize=KEPT)
def _tools(text: str, offered: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tools that a text orders to call."""
    return tuple(_called(text, offered))


def _called(text: str, offered: Iterable[str]) -> Iterator[str]:
    for name in offered:
        if re.search(rf"{COMMAND}.{{0,60}}?\b{name.replace('_', '[ _-]')}\b", text, re.IGNORECASE | re.DOTALL):
            yield name
    yield from NAMED_TOOL.findall(text)
