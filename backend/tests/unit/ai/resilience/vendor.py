"""A vendor that does as it is told and keeps the promises of a provider."""

import asyncio

from app.domain.completions import Completion, ModelRequest, Said, Usage
from app.domain.errors import ProviderError
from app.ports.provider import Inquiry

USED = Usage(100, 10)


def answer(text="HOLD", model="small", usage=USED):
    return Completion(text, (), "end", usage, model)


def failure(kind="server_error", **others):
    return ProviderError(kind, f"It failed ({kind}).", **others)


def a_request(model="small", text="AAPL: rsi_14 is 28.", **others):
    fields = {"provider": "ollama", "model": model, "system": "You judge shares.", "turns": (Said(text),)}
    return ModelRequest(**{**fields, **others})


def an_inquiry(clock, seconds=30.0, symbol="AAPL", decision_id="decision-1", **others):
    return Inquiry(symbol, f"market_analyst_{symbol}", decision_id, clock.monotonic() + seconds, **others)


def slow(clock, seconds, line):
    """A line that comes after a while."""

    async def wait():
        await clock.passes(seconds)
        return await told(line)

    return wait


async def told(line):
    """Turn a line of a script into what happens: an answer, an error, or whatever comes of waiting."""
    if isinstance(line, ProviderError):
        raise line
    if isinstance(line, asyncio.Future):
        return await told(await line)
    return await told(await line()) if callable(line) else line


class Vendor:
    """Follows its script, and repeats the last line for ever.

    It gives up at the deadline, and its clock must be that of the loop. A line is a completion, an error, a future of
    one, or a function to await.
    """

    takes_tools_with_schema = True

    def __init__(self, *script, name="ollama", is_billed=False):
        self.name, self.is_billed = name, is_billed
        self.script = list(script) or [answer()]
        self.requests, self.inquiries = [], []
        self.at_once = self.most_at_once = self.closed = 0

    async def complete(self, request, inquiry):
        self.requests.append(request)
        self.inquiries.append(inquiry)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with asyncio.timeout_at(inquiry.deadline):
                return await told(self.script.pop(0) if len(self.script) > 1 else self.script[0])
        except TimeoutError:
            raise failure("timeout") from None
        finally:
            self.at_once -= 1

    async def close(self):
        self.closed += 1
