import asyncio

from app.events.mailbox import Mailbox


async def test_what_waits_is_passed_over_when_something_newer_comes():
    mailbox = Mailbox()
    for number in range(3):
        mailbox.put(number)

    assert await mailbox.take() == 2


async def test_nothing_is_taken_twice():
    mailbox = Mailbox()
    mailbox.put(0)
    await mailbox.take()
    taking = asyncio.create_task(mailbox.take())
    mailbox.put(1)

    assert await taking == 1


async def test_who_waits_hears_of_the_taking_and_of_the_end():
    mailbox = Mailbox()
    taken, settled = asyncio.create_task(mailbox.taken_up(0)), asyncio.create_task(mailbox.settled(0))
    mailbox.put(0)
    await mailbox.take()
    await taken
    assert not settled.done()
    mailbox.done(0)
    await settled


async def test_a_newer_task_settles_the_older_ones():
    mailbox = Mailbox()
    mailbox.put(5)
    mailbox.done(await mailbox.take())

    await mailbox.settled(3)
    await mailbox.taken_up(3)
