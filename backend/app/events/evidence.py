"""What a decision was made from, written so that it can be made again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from app.consensus.version import ENGINE_VERSION
from app.domain.identifiers import seat_of
from app.domain.market import Account, AnalysisContext, Bars, NewsItem, PastVote, Position
from app.domain.tool_calls import without_shared_results
from app.events.intake import Case
from app.events.record import Asked
from app.ports.panel import PanelResult

Fields = Sequence[Mapping[str, Any]]


def write(case: Case, panel: PanelResult, votes: Fields, calls: Fields, asked: Asked) -> bytes:
    """Return the evidence as JSON; bars and model exchanges are kept beside it and named by their digests."""
    context = case.context
    document = {
        "engine_version": ENGINE_VERSION,
        "bars": {"count": len(context.bars), "interval": context.bars.interval.text, "digest": context.bars.digest()},
        **context_fields(context),
        "asked": [seat_of(agent, context.symbol) for agent in case.seats],
        "models": dict(asked.models),
        "tool_policy": asked.sitting.tool_policy.as_dict(),
        "timeout_s": case.question.timeout_s,
        "config": case.config.as_dict(),
        "votes": list(votes),
        "tool_calls": without_shared_results(calls),
        "model_calls": [each.as_dict() for each in asked.sitting.model_calls],
        "failures": [{"agent_id": each.agent_id, "kind": each.kind, "reason": each.reason} for each in panel.failures],
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def context_fields(context: AnalysisContext) -> dict[str, Any]:
    """Return everything the panel sees but the bars, as JSON values."""
    return {
        "symbol": context.symbol,
        "as_of": context.as_of.isoformat(),
        "current_price": context.current_price,
        "technical_indicators": dict(context.indicators),
        "account_info": _account(context.account),
        "news": [_news(item) for item in context.news],
        "past_votes": [_past_vote(each) for each in context.past_votes],
    }


def read_context(bars: Bars, document: Mapping[str, Any]) -> AnalysisContext:
    """Return the very context the panel saw, from what `context_fields` wrote and the bars kept beside it."""
    return AnalysisContext(
        symbol=document["symbol"],
        bars=bars,
        as_of=datetime.fromisoformat(document["as_of"]),
        current_price=document["current_price"],
        indicators=document["technical_indicators"],
        account=_read_account(document["account_info"]),
        news=tuple(_read_news(item) for item in document["news"]),
        past_votes=tuple(_read_past_vote(each) for each in document.get("past_votes", ())),
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


def _past_vote(vote: PastVote) -> list[Any]:
    return [vote.agent_id, vote.agent_type, vote.as_of.isoformat(), vote.decision, vote.confidence]


def _read_past_vote(fields: Sequence[Any]) -> PastVote:
    agent_id, agent_type, as_of, decision, confidence = fields
    return PastVote(agent_id, agent_type, datetime.fromisoformat(as_of), decision, confidence)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
