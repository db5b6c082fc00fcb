"""A server verifies its own record while it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.composition import Desk
from app.domain.wording import counted
from app.events.auditing import Auditor
from app.observability.health import DOWN, Check, Standing


@asynccontextmanager
async def auditing(desk: Desk, every_s: float) -> AsyncIterator[None]:
    """Verify the chains of the record every `every_s` seconds until the block ends; 0 is never."""
    if not every_s:
        yield
        return
    task = asyncio.create_task(desk.auditor.run(every_s), name="auditor")
    forget = desk.health.add("audit", _check(desk.auditor))
    try:
        yield
    finally:
        forget()
        task.cancel()
        await asyncio.wait([task])


def _check(auditor: Auditor) -> Check:
    async def audit() -> Standing:
        last = auditor.last
        if last is None:
            return Standing("the record is being verified for the first time")
        told = f"{counted(len(last.found.heads), 'chain')} verified at {last.at.isoformat(timespec='seconds')}"
        if last.is_whole:
            return Standing(told)
        return Standing(f"{told}, {counted(len(last.found.problems), 'problem')}", DOWN, last.found.problems[0])

    return audit
