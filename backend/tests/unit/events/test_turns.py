"""Turns under a name: one at a time, others at once, and nothing remembered afterwards."""

import asyncio

from app.events.jobs.turns import OneAtATime


class Visitor:
    """Takes a turn and keeps it until it is let go."""

    def __init__(self, turns, name):
        self.is_in, self.leaves = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._visit(turns, name))

    async def _visit(self, turns, name):
        async with turns.turn(name):
            self.is_in.set()
            await self.leaves.wait()


async def test_who_comes_second_under_a_name_waits_for_the_first_and_others_do_not():
    turns = OneAtATime()
    first, second, other = Visitor(turns, "a"), Visitor(turns, "a"), Visitor(turns, "b")
    await first.is_in.wait()
    await other.is_in.wait()
    assert not second.is_in.is_set()

    first.leaves.set()
    await second.is_in.wait()
    for visitor in (second, other):
        visitor.leaves.set()
    await asyncio.gather(first.task, second.task, other.task)


async def test_nothing_is_remembered_of_a_name_nobody_has_any_more_even_after_a_cancelled_wait():
    turns = OneAtATime()
    first, second = Visitor(turns, "a"), Visitor(turns, "a")
    await first.is_in.wait()
    second.task.cancel()
    await asyncio.wait([second.task])
    first.leaves.set()
    await first.task

    assert turns._locks == turns._wanted == {}
