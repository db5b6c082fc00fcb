import asyncio

import pytest

from app.domain.errors import ConflictError, StoreUnavailableError
from app.storage.failures import StoreUnreachableError
from app.storage.group_commit import MOST_TOGETHER, GroupCommit
from app.storage.session import LAST


class Ledger:
    """Takes groups and remembers them; a gate may hold up their commits, and the database may be away."""

    def __init__(self):
        self.groups, self.gate, self.is_away = [], asyncio.Event(), False
        self.gate.set()

    async def transact(self, units):
        self.groups.append(len(units))
        if self.is_away:
            raise StoreUnreachableError("away")
        results = [unit.work(None) for unit in units]
        await self.gate.wait()
        return results


@pytest.fixture
async def ledger():
    return Ledger()


@pytest.fixture
async def commits(ledger):
    group_commit = GroupCommit("writes", ledger.transact)
    group_commit.open()
    yield group_commit
    await group_commit.close()


def refuse(_):
    raise ConflictError("taken")


async def test_what_arrives_during_a_commit_shares_the_next(ledger, commits):
    ledger.gate.clear()
    first = asyncio.create_task(commits.run(lambda _: "first"))
    await asyncio.wait([first], timeout=0)
    later = [asyncio.create_task(commits.run(lambda _, n=n: n)) for n in range(5)]
    await asyncio.wait(later, timeout=0)
    ledger.gate.set()

    assert (await first, await asyncio.gather(*later)) == ("first", [0, 1, 2, 3, 4])
    assert ledger.groups == [1, 5]


async def test_what_shares_a_commit_takes_its_locks_in_one_order_whoever_came_first(ledger, commits):
    ran = []
    names = ["b", LAST, "a", "", "b"]
    answers = await asyncio.gather(
        *(commits.run(lambda _, name=name: ran.append(name) or name, locks=name) for name in names)
    )

    assert ran == ["", "a", "b", "b", LAST]
    assert answers == names


async def test_a_group_has_its_limit(ledger, commits):
    await asyncio.gather(*(commits.run(lambda _: None) for _ in range(MOST_TOGETHER + 1)))
    assert ledger.groups == [MOST_TOGETHER, 1]


async def test_who_shares_a_group_does_not_pay_for_the_fault_of_one(ledger, commits):
    answers = await asyncio.gather(
        commits.run(lambda _: 1), commits.run(refuse), commits.run(lambda _: 2), return_exceptions=True
    )
    assert answers[::2] == [1, 2]
    assert isinstance(answers[1], ConflictError)


async def test_when_the_database_is_away_everybody_is_told_at_once(ledger, commits):
    ledger.is_away = True
    waiting = [asyncio.create_task(commits.run(lambda _: 1)) for _ in range(MOST_TOGETHER + 9)]
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert {type(each) for each in answers} == {StoreUnreachableError}
    assert len(set(map(id, answers))) == len(answers)
    assert ledger.groups == [MOST_TOGETHER]
    ledger.is_away = False
    assert await commits.run(lambda _: 2) == 2


async def test_the_commit_is_told_before_the_next_begins(ledger, commits):
    seen = []
    await asyncio.gather(
        *(commits.run(lambda _, n=n: n, committed=seen.append) for n in range(3)),
        commits.run(lambda _: seen.append("wrote")),
    )
    await commits.run(lambda _: seen.append("next"))
    assert seen == ["wrote", 0, 1, 2, "next"]


async def test_a_caller_that_gives_up_before_its_turn_is_not_served(ledger, commits):
    ledger.gate.clear()
    first, second = (asyncio.create_task(commits.run(lambda _, n=n: n)) for n in range(2))
    await asyncio.wait([first, second], timeout=0)
    third = asyncio.create_task(commits.run(refuse))
    await asyncio.wait([third], timeout=0)
    third.cancel()
    ledger.gate.set()
    await asyncio.wait([first, second, third])

    assert (first.result(), second.result(), third.cancelled()) == (0, 1, True)
    assert sum(ledger.groups) == 2


async def test_closing_finishes_what_was_taken_and_takes_no_more(ledger):
    commits = GroupCommit("writes", ledger.transact)
    commits.open()
    taken = [asyncio.create_task(commits.run(lambda _, n=n: n)) for n in range(3)]
    await asyncio.wait(taken, timeout=0)
    await commits.close()
    await commits.close()

    assert [task.result() for task in taken] == [0, 1, 2]
    with pytest.raises(StoreUnavailableError, match="not open"):
        await commits.run(lambda _: 1)
