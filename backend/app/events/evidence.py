"""What a decision was made from, written so that it can be made again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from app.consensus.version import ENGINE_VERSION
from app.domain.decisions import Evidence
from app.domain.market import Account, AnalysisContext, NewsItem, Position
from app.events.intake import Case
from app.ports.panel import PanelResult

Fields = Sequence[Mapping[str, Any]]


def write(case: Case, panel: PanelResult, votes: Fields, calls: Fields) -> bytes:
    """Return the evidence as JSON; the bars are kept beside it and named by their digest."""
    context = case.context
    document = {
        "engine_version": ENGINE_VERSION,
        "symbol": context.symbol,
        "as_of": context.as_of.isoformat(),
        "bars": {"count": len(context.bars), "interval": context.bars.interval.text, "digest": context.bars.digest()},
        "current_price": context.current_price,
        "technical_indicators": dict(context.indicators),
        "account_info": _account(context.account),
        "news": [_news(item) for item in context.news],
        "asked": [each.role for each in case.analysts],
        "timeout_s": case.question.timeout_s,
        "config": case.config.as_dict(),
        "votes": list(votes),
        "tool_calls": list(calls),
        "failures": [{"agent_id": each.agent_id, "kind": each.kind, "reason": each.reason} for each in panel.failures],
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def read_context(evidence: Evidence, document: Mapping[str, Any]) -> AnalysisContext:
    """Return the very context the panel saw."""
    return AnalysisContext(
        symbol=document["symbol"],
        bars=evidence.bars,
        as_of=datetime.fromisoformat(document["as_of"]),
        current_price=document["current_price"],
        indicators=document["technical_indicators"],
        account=_read_account(document["account_info"]),
        news=tuple(_read_news(item) for item in document["news"]),
    )


def _account(account: Account | None) -> dict[str, Any] | None:
    if account is None:
        return None
    held = {
        symbol: {"quantity": str(each.quantity), "average_price": _text(each.average_price)}
        for symbol, each in account.positions.items()
    }
    return {"equity": _text(account.equity), "cash": _text(account.cash), "positions": held}


def _read_account(fields: Mapping[str, Any] | None) -> Account | None:
    if fields is None:
        return None
    held = {
        symbol: Position(Decimal(each["quantity"]), _number(each["average_price"]))
        for symbol, each in fields["positions"].items()
    }
    return Account(_number(fields["equity"]), _number(fields["cash"]), held)


def _news(item: NewsItem) -> dict[str, Any]:
    return {
        "timestamp": item.timestamp.isoformat(),
        "source": item.source,
        "title": item.title,
        "text": item.text,
    }


def _read_news(fields: Mapping[str, Any]) -> NewsItem:
    return NewsItem(datetime.fromisoformat(fields["timestamp"]), fields["source"], fields["title"], fields["text"])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
