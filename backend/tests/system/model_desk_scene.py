"""A desk whose models are the local stand-ins for the vendors, for the tests of a panel with models."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson

from app.agent_system import AgentSystem
from app.ai.prompts import catalogue
from app.composition import Desk
from app.config import Settings
from app.consensus.engine import decide
from app.domain.spending import Account, Limits, Spend
from app.domain.votes import engine_vote
from app.testing.fake_models.journal import Received
from app.testing.fake_models.server import FakeModels
from tests.builders import rows

CLAUDE, LLAMA = "claude-sonnet-5-5", "llama3.2:latest"
LINEAGES = {"anthropic": f"anthropic:{CLAUDE}", "ollama": f"ollama:{LLAMA}"}
PROVIDERS = tuple(LINEAGES)
ROLES = ("market_analyst", "technical_analyst", "risk_advisor", "strategy_optimizer", "news_analyst")
PAIR = ("market_analyst", "news_analyst")
HEADLINE = {"timestamp": "2024-07-10T12:00:00Z", "source": "Wire", "title": "Apple beats forecasts for the quarter"}
THINKING = "agent.thinking.#"


def model_settings(fakes: FakeModels, home: Path, provider: str = "anthropic", **changes: Any) -> Settings:
    """Settings of a panel of models alone, of one vendor's stand-in."""
    told = {
        "home": home,
        "provider": provider,
        "panel": "models",
        "ANTHROPIC_API_KEY": fakes.key,
        "ANTHROPIC_BASE_URL": fakes.anthropic_url,
        "OLLAMA_BASE_URL": fakes.ollama_url,
        "perplexity_url": fakes.perplexity_url,
        "LOG_LEVEL": "ERROR",
        **changes,
    }
    return Settings(**told)


def a_question(symbol: str = "AAPL", **changes: Any) -> dict[str, Any]:
    """The fields of a question about 200 daily bars and one good headline."""
    market_data = {"bars": rows(200), "interval": "1d"}
    return {"symbol": symbol, "market_data": market_data, "news": [HEADLINE], **changes}


@dataclass(frozen=True)
class ModelDesk:
    """A running desk and the stand-ins it asks."""

    system: AgentSystem
    desk: Desk
    fakes: FakeModels

    async def spent_today(self) -> Spend:
        """What the books of the store say that today has cost."""
        return await self.desk.store.books.spent(Account.of_day(datetime.now(UTC).date(), Limits()).name)

    async def decide(self, symbol: str = "AAPL", **changes: Any) -> dict[str, Any]:
        """Return the record of a decision."""
        return await self.system.run_real_time_analysis(**a_question(symbol, **changes))

    async def timed(self, symbol: str = "AAPL", **changes: Any) -> tuple[dict[str, Any], float]:
        """Return the record and the seconds that the decision took."""
        began = time.perf_counter()
        return await self.decide(symbol, **changes), time.perf_counter() - began

    async def evidence(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a decision was made from."""
        evidence = await self.desk.store.evidence(record["decision_id"])
        assert evidence is not None
        return orjson.loads(evidence.document)

    async def replayed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Make a decision again."""
        return (await self.desk.coordinator.replay(record["decision_id"])).as_dict()


@asynccontextmanager
async def a_model_desk(
    fakes: FakeModels,
    home: Path,
    provider: str = "anthropic",
    *,
    listening: bool = False,
    detection_s: float = 10.0,
    **changes: Any,
) -> AsyncIterator[ModelDesk]:
    """Run a desk that has looked for its models.

    Args:
        listening: whether somebody follows what models think, so that they stream.
        detection_s: how long Ollama may take to list its models; a busy machine takes longer than a user would wait.
    """
    _load_clients()
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(AgentSystem(model_settings(fakes, home, provider, **changes)))
        desk = await system.start()
        with patch("app.ai.providers.ollama_models.DETECTION_S", detection_s):
            await desk.coordinator.seats()
        if listening:
            await stack.enter_async_context(desk.bus.subscribe(THINKING))
        yield ModelDesk(system, desk, fakes)


@cache
def _load_clients() -> None:
    """Load what is loaded on first use, so that no test measures it: it takes longer than a decision."""
    for name in ("anthropic", "httpx2", "ollama", "genai_prices"):
        import_module(name)


async def decision_by_rules(home: Path, symbol: str = "AAPL", **changes: Any) -> dict[str, Any]:
    """Return the record of what the rules alone decide on the same question."""
    async with AgentSystem(Settings(home=home, panel="rules", LOG_LEVEL="ERROR")) as system:
        return await system.run_real_time_analysis(**a_question(symbol, **changes))


def vote_of(record: Mapping[str, Any], role: str) -> dict[str, Any]:
    """The vote of the model, or of whoever stood in for it, that plays `role`."""
    return next(each for each in record["votes"] if each["agent_id"] == f"{role}_{record['symbol']}")


def opinions(record: Mapping[str, Any]) -> dict[str, tuple[str, float | None]]:
    """What each agent voted and how sure it was."""
    return {each["agent_id"]: (each["decision"], each["confidence"]) for each in record["votes"]}


def outcome(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """What was decided, how, and by which masses."""
    names = ("final_recommendation", "status", "resolved_by", "confidence", "support", "position_size")
    return (*(record[name] for name in names), record["consensus"]["tally"])


def counted_again(record: Mapping[str, Any], votes: list[Any] | None = None) -> dict[str, Any]:
    """Count the votes of a record, or others in their place, by the record's own configuration."""
    counted = [engine_vote(vote) for vote in (record["votes"] if votes is None else votes)]
    return decide(counted, record["consensus"]["config"]).as_dict()


def check_own(vote: Mapping[str, Any], provider: str) -> None:
    """The model's own vote, unblemished."""
    assert (vote["source"], vote["lineage"]) == (provider, LINEAGES[provider])
    assert vote.keys().isdisjoint({"degraded_from", "error_kind"})


def check_failed(
    vote: Mapping[str, Any], provider: str, policy: str, kind: str | None, ruled: Mapping[str, Any] | None = None
) -> None:
    """A vote by the rules of the role, or an abstention, that tells from whom it is degraded and why.

    Args:
        ruled: the vote of the rules on the same question, if it is known.
    """
    assert (vote["degraded_from"], vote["error_kind"]) == (provider, kind)
    if policy == "abstain":
        assert (vote["decision"], vote["confidence"], vote["source"]) == ("ABSTAIN", None, provider)
        return
    assert (vote["source"], vote["lineage"]) == ("rules", f"rules:{vote['agent_type']}")
    assert vote["reasoning"].startswith(f"By rule, for {provider} gave no vote (")
    assert "model" not in vote
    if ruled is not None:
        assert (vote["decision"], vote["confidence"]) == (ruled["decision"], ruled["confidence"])
        assert vote["reasoning"].endswith(ruled["reasoning"])


def role_of(request: Received) -> str:
    """Whose question a request asks; empty for a search or a check."""
    sent = orjson.dumps(request.body)
    return next((role for role, words in _tasks().items() if words in sent), "")


def asked_by_role(fakes: FakeModels, provider: str) -> Counter[str]:
    """How many requests arrived from each role."""
    return Counter(role_of(each) for each in fakes.asked(provider))


@cache
def _tasks() -> dict[str, bytes]:
    """The first words of each role's question, as JSON spells them."""
    return {role: orjson.dumps(catalogue.newest(role).text)[1:80] for role in ROLES}
