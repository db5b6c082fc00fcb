"""A process that asks for decisions and keeps books: `client.py BOOK DECISIONS SEED AT_ONCE URL...`.

Each request has a correlation id of its own, by which its decisions are known in the record. A third asks in the
background, half of these without a key: such a request is not repeated when its answer is lost.
"""

import asyncio
import hashlib
import random
import sys
from contextlib import closing
from pathlib import Path

import httpx
import orjson

from app.web.examples import example_market_data
from tests.chaos.books import Books

ANALYZE, CONSENSUS = "/api/v1/agents/analyze", "/api/v1/agents/consensus"
SYMBOLS = ("AAPL", "MSFT", "IBM", "KO", "GE", "XOM", "PG", "T")
PAIRS = (("market_analyst", "risk_advisor"), ("technical_analyst", "risk_advisor"), ("strategy_optimizer",))
AGAIN = {409, 429, 502, 503, 504}
BARS, PAUSE_S, PANEL_S, PATIENCE_S = 150, 0.25, 150.0, 180.0
RESULT = b'"result":'


class Client:
    """Asks one question after the other, many at once, until each has ended."""

    def __init__(self, books: Books, urls: list[str], seed: int) -> None:
        self._books = books
        self._urls = urls
        self._seed = seed
        self._http = httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_connections=None))

    async def run(self, decisions: int, at_once: int) -> None:
        """Ask for all of them; each that has ended is a line on the standard output."""
        numbers = iter(range(decisions))

        async def ask_on() -> None:
            for number in numbers:
                await self._one(number)
                print(number, flush=True)

        async with self._http, asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(ask_on())

    async def _one(self, number: int) -> None:
        chance = random.Random(self._seed * 1_000_003 + number)
        symbol, agents, lot = chance.choice(SYMBOLS), chance.choice(PAIRS), chance.randrange(6)
        if lot < 4:
            await self._asked(number, ANALYZE, _question(symbol, agents), is_keyed=True)
            return
        answer = await self._asked(number, CONSENSUS, _consensus(symbol, agents), is_keyed=lot == 4)
        if answer is not None:
            await self._followed(number, orjson.loads(answer.content)["consensus_id"])

    async def _asked(self, number: int, path: str, body: bytes, *, is_keyed: bool) -> httpx.Response | None:
        """Ask until there is an answer; without a key only once."""
        headers = {"content-type": "application/json", "x-correlation-id": self._name(number)}
        if is_keyed:
            headers["idempotency-key"] = self._name(number)
        while True:
            answer = await self._call("POST", path, number, content=body, headers=headers)
            if answer is not None and answer.status_code not in AGAIN:
                return self._noted(number, answer)
            if not is_keyed and (answer is None or answer.status_code == 503):
                self._books.note(number, "unknown")
                return None
            await asyncio.sleep(PAUSE_S)

    def _noted(self, number: int, answer: httpx.Response) -> httpx.Response | None:
        if answer.status_code == 200:
            decision_id = orjson.loads(answer.content)["decision_id"]
            self._books.note(number, "answered", id=decision_id, sha256=_sha256(answer.content))
        elif answer.status_code == 202:
            self._books.note(number, "accepted", id=orjson.loads(answer.content)["consensus_id"])
            return answer
        else:
            self._books.note(number, "refused", status=answer.status_code, text=answer.text[:500])
        return None

    async def _followed(self, number: int, consensus_id: str) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            answer = await self._call("GET", f"{CONSENSUS}/{consensus_id}", number)
            if answer is None or answer.status_code in AGAIN:
                continue
            told = orjson.loads(answer.content)
            if answer.status_code != 200:
                self._books.note(number, "missing", id=consensus_id, status=answer.status_code)
                return
            if told["status"] != "pending":
                body = answer.content.partition(RESULT)[2][:-1] if told["status"] == "complete" else b""
                self._books.note(number, "ended", id=consensus_id, status=told["status"], sha256=_sha256(body))
                return

    async def _call(self, method: str, path: str, number: int, **more: object) -> httpx.Response | None:
        """Call one of the processes; None where it went away, so that nobody knows what came of it."""
        try:
            return await self._http.request(method, random.choice(self._urls) + path, **more)
        except httpx.ConnectError:
            return httpx.Response(502)
        except httpx.TransportError as error:
            if method == "POST":
                self._books.note(number, "uncertain", why=type(error).__name__)
            return None

    def _name(self, number: int) -> str:
        return f"chaos-{self._seed}-{number}"


def _question(symbol: str, agents: tuple[str, ...]) -> bytes:
    asked = {"symbol": symbol, "agents": list(agents), "timeout_seconds": PANEL_S}
    return orjson.dumps({**asked, "market_data": example_market_data(BARS)})


def _consensus(symbol: str, agents: tuple[str, ...]) -> bytes:
    asked = {"symbol": symbol, "agents": list(agents), "timeout_seconds": PANEL_S}
    return orjson.dumps({**asked, "context": {"market_data": example_market_data(BARS)}})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    book, decisions, seed, at_once, *urls = sys.argv[1:]
    with closing(Books(Path(book))) as books:
        asyncio.run(Client(books, urls, int(seed)).run(int(decisions), int(at_once)))
