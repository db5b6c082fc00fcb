"""How each setting of the engine is read: one reader for a kind of value, one line for a setting.

A reader returns the value the configuration keeps, or raises `ValueError` with the rest of a sentence that begins
with the setting's name: what is allowed. It never repeats the value. A roster that names an agent twice expects it
once; the position keeps its size, although only the sign counts, so an amount below 10^-6 still has a side.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from app.consensus.exact import SCALE, Number, fixed, is_finite, is_number, is_within, sign
from app.plugins import load

_ALIASES: Final = {
    "consensus_method": {"weighted_confidence": "weighted"},
    "conflict_strategy": {
        "conservative_bias": "conservative",
        "risk_override": "risk_manager",
        "weighted_averaging": "weighted_average",
        "highest_confidence_override": "highest_confidence",
    },
}
_TRIGGERS: Final = ("unresolved", "any_opposition")


def _share(value: object) -> int:
    if not is_within(value, 0, 1):
        raise ValueError("must be a number from 0 to 1")
    return fixed(value)


def _weights(value: object) -> dict[str, int]:
    if not isinstance(value, Mapping) or not all(map(_is_id, value)):
        raise ValueError("must map agent ids to numbers from 0 to 1000000")
    return {agent: _weight(weight) for agent, weight in value.items()}


def _weight(value: object) -> int:
    if not is_within(value, 0, SCALE):
        raise ValueError("must hold only numbers from 0 to 1000000")
    return fixed(value)


def _roster(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(map(_is_id, value)):
        raise ValueError("must be a list of agent ids, each a non-empty string")
    return tuple(dict.fromkeys(value))


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _trigger(value: object) -> str:
    if not isinstance(value, str) or value not in _TRIGGERS:
        raise ValueError(f"must be {' or '.join(_TRIGGERS)}")
    return value


def _position(value: object) -> int | float:
    if not is_number(value) or not is_finite(value):
        raise ValueError("must be a finite number: below 0 is short, above 0 is long")
    number = _json_number(value)
    return number if is_finite(number) and sign(number) == sign(value) else sign(value)


def _timeout(value: object) -> int | float:
    if not is_number(value) or not is_finite(value) or value < 0 or not is_finite(_json_number(value)):
        raise ValueError("must be a number of milliseconds, 0 or more")
    return _json_number(value)


def _json_number(value: Number) -> int | float:
    """A decimal as a float, which may be too large or too small to hold it."""
    return float(value) if isinstance(value, Decimal) else value


def _name_of(kind: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a name")
        name = _ALIASES[kind].get(value, value)
        load(kind, name)
        return name

    return read


SETTINGS: Final[Mapping[str, Callable[[object], object]]] = {
    "method": _name_of("consensus_method"),
    "strategy": _name_of("conflict_strategy"),
    "conflict_trigger": _trigger,
    "roster": _roster,
    "quorum": _share,
    "threshold": _share,
    "agreement": _share,
    "weights": _weights,
    "min_confidence": _share,
    "risk_aversion": _share,
    "market_risk": _share,
    "position": _position,
    "risk_veto": _flag,
    "veto_confidence": _share,
    "timeout_ms": _timeout,
    "early_close": _flag,
}
