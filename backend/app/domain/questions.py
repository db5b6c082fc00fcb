"""One question to the panel, validated and free of its wire form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.decisions import KeyedAnswer
from app.domain.identifiers import new_id
from app.domain.market import Account, Bars, NewsItem

DEFAULT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What shall we do about this symbol?

    Args:
        symbol: upper-case.
        bars: everything the caller sent; what lies beyond `as_of` stays hidden from the panel.
        agents: roles to ask; empty means the whole panel.
        method, conflict_resolution: None leaves them to `config`, which may hold any engine setting.
        as_of: None is the end of the last bar.
        timeout_s: seconds for the whole panel.
        decision_id: the decision will carry it.
        correlation_id: from the request to every log line, event and record.
        keyed: the Idempotency-Key to settle with the decision, if any.
        is_simulated: the bars were made up; the decision is flagged and is nobody's past.
    """

    symbol: str
    bars: Bars
    current_price: float | None = None
    indicators: Mapping[str, float] = field(default_factory=dict)
    account: Account | None = None
    news: tuple[NewsItem, ...] = ()
    agents: tuple[str, ...] = ()
    method: str | None = None
    conflict_resolution: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    as_of: datetime | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    decision_id: str = field(default_factory=new_id)
    correlation_id: str = ""
    keyed: KeyedAnswer | None = None
    is_simulated: bool = False
