"""Time that passes only when everybody waits for it, and then at once."""

import asyncio
import inspect
import selectors
from datetime import timedelta

from tests.builders import START

A_MOMENT = 1e-6
A_STEP = 1e-9  # of the loop; time that stood still would keep some waiting for the last fraction of a second for ever


class _Selector(selectors.DefaultSelector):
    """Waits for nothing but a thread."""

    def __init__(self):
        super().__init__()
        self.seconds = 1_000.0

    def select(self, timeout=None):
        if timeout is None:
            events = super().select(5.0)
            assert events, "everybody waits for what never comes"
            return events
        self.seconds += max(timeout, 0.0) + A_STEP
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self):
        return self._virtual.seconds


class VirtualClock:
    """Tells the time of the loop, and lets it pass."""

    def __init__(self, loop):
        self._loop = loop
        self._began = loop.time()

    def now(self):
        return START + timedelta(seconds=self._loop.time() - self._began)

    def monotonic(self):
        return self._loop.time()

    async def passes(self, seconds):
        """Let seconds pass."""
        future = self._loop.create_future()
        self._loop.call_later(seconds, lambda: future.done() or future.set_result(None))
        await future

    async def settles(self):
        """Let everybody go on until all wait."""
        await self.passes(A_MOMENT)


def in_virtual_time(scene):
    """Run a test whose first argument is the clock."""

    def run(*others, **named):
        with asyncio.Runner(loop_factory=_Loop) as runner:
            return runner.run(scene(VirtualClock(runner.get_loop()), *others, **named))

    run.__name__ = scene.__name__
    run.__doc__ = scene.__doc__
    run.__signature__ = inspect.Signature(list(inspect.signature(scene).parameters.values())[1:])
    return run


def a_runner():
    """Return a runner of virtual time, for scenes that go on from step to step."""
    return asyncio.Runner(loop_factory=_Loop)
