"""Processes that share their work: `conclave serve` and `conclave worker` on one database and one broker."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from app.ai.prompts import catalogue
from app.testing.fake_models.server import FakeModels
from tests.builders import rows
from tests.system.model_desk_processes import Running, running
from tests.system.model_desk_scene import HEADLINE

ANALYZE = "/api/v1/agents/analyze"
CONSENSUS = "/api/v1/agents/consensus"
ROLES = ("market_analyst", "technical_analyst", "risk_advisor", "strategy_optimizer", "news_analyst")
RULES = {"CONCLAVE_PROVIDER": "rules", "CONCLAVE_PANEL": "rules"}
BY_RULE = ROLES[:4]
PATIENCE_S = 120.0
"""How long a panel may take and a test waits: a busy machine takes its time."""


@dataclass(frozen=True)
class Api:
    """An API process and a client that calls it."""

    process: Running
    client: httpx.AsyncClient

    @property
    def socket_url(self) -> str:
        """Where its feed is."""
        return str(self.client.base_url).replace("http", "ws").rstrip("/") + "/ws/agents"

    async def analyze(self, key: str | None = None, **changes: Any) -> dict[str, Any]:
        """Ask for a decision and return its record."""
        answer = await self.client.post(ANALYZE, json=a_question(**changes), headers=keyed(key))
        assert answer.status_code == 200, answer.text
        return orjson.loads(answer.content)

    async def accept(self, key: str | None = None, **changes: Any) -> str:
        """Ask for a decision in the background and return its id."""
        answer = await self.client.post(CONSENSUS, json=a_consensus(**changes), headers=keyed(key))
        assert answer.status_code == 202, answer.text
        return str(orjson.loads(answer.content)["consensus_id"])

    async def consensus(self, consensus_id: str) -> dict[str, Any]:
        """Return where a request stands."""
        answer = await self.client.get(f"{CONSENSUS}/{consensus_id}")
        assert answer.status_code == 200, answer.text
        return orjson.loads(answer.content)

    async def decided(self, consensus_id: str) -> dict[str, Any]:
        """Ask until a request has ended and return the record of its decision."""
        async with asyncio.timeout(PATIENCE_S):
            while (told := await self.consensus(consensus_id))["status"] == "pending":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert told["status"] == "complete", told
        return told["result"]


class SharedDesk:
    """Starts processes on one database and one broker; they are killed at the end of the block that made it.

    Args:
        variables: what they all find in their environment.
    """

    def __init__(self, stack: AsyncExitStack, home: Path, variables: Mapping[str, str]) -> None:
        self._stack = stack
        self._home = home
        self.variables = dict(variables)

    async def api(self, **changes: str) -> Api:
        """Start an API process and return it once it is ready."""
        process = await self._start("serve", "--port", "0", **changes)
        url = await process.says("err", "Conclave is ready on ")
        client = httpx.AsyncClient(base_url=url.partition(" ")[0], timeout=PATIENCE_S)
        return Api(process, await self._stack.enter_async_context(client))

    async def worker(self, *options: str, **changes: str) -> Running:
        """Start a worker and return it once it takes errands."""
        process = await self._start("worker", *options, **changes)
        await process.says("err", "Conclave works for")
        return process

    async def _start(self, *command: str, **changes: str) -> Running:
        variables = {**self.variables, **changes}
        process = await self._stack.enter_async_context(running(*command, home=self._home, **variables))
        self._stack.push_async_callback(process.kill)
        return process


@asynccontextmanager
async def shared_desk(
    postgres_url: str, rabbitmq_url: str, home: Path, fakes: FakeModels | None = None, **changes: str
) -> AsyncIterator[SharedDesk]:
    """Yield what starts processes; without stand-ins for models they follow their rules."""
    variables = {
        "POSTGRES_URL": postgres_url,
        "RABBITMQ_URL": rabbitmq_url,
        "CONCLAVE_MODEL_TIMEOUT_SECONDS": str(PATIENCE_S),
        **(RULES if fakes is None else models_of(fakes)),
        **changes,
    }
    async with AsyncExitStack() as stack:
        yield SharedDesk(stack, home, variables)


def models_of(fakes: FakeModels) -> dict[str, str]:
    """The environment of a panel of models alone, spoken by a stand-in."""
    return {"CONCLAVE_PROVIDER": "ollama", "CONCLAVE_PANEL": "models", "OLLAMA_BASE_URL": fakes.ollama_url}


def words_of(role: str) -> str:
    """What occurs in every request of a role, as JSON spells it, and in no other."""
    return orjson.dumps(catalogue.newest(role).text)[1:80].decode()


def a_question(symbol: str = "AAPL", bars: int = 200, **changes: Any) -> dict[str, Any]:
    """A question that everybody can answer within the patience of a test."""
    market_data = {"bars": rows(bars), "interval": "1d"}
    others = {"news": [HEADLINE], "timeout_seconds": PATIENCE_S, **changes}
    return {"symbol": symbol, "market_data": market_data, **others}


def a_consensus(symbol: str = "AAPL", bars: int = 200, **changes: Any) -> dict[str, Any]:
    """The same question to be decided in the background."""
    context = {"market_data": {"bars": rows(bars), "interval": "1d"}, "news": [HEADLINE]}
    return {"symbol": symbol, "context": context, "timeout_seconds": PATIENCE_S, **changes}


def keyed(key: str | None) -> dict[str, str]:
    """The header of an Idempotency-Key."""
    return {"Idempotency-Key": key} if key else {}


def voted(record: Mapping[str, Any]) -> set[str]:
    """The roles whose votes are in a record."""
    return {each["agent_type"] for each in record["votes"]}
