import asyncio
import threading

import pytest

from app.ai.providers.first_use import OnFirstUse


class Client:
    def __init__(self):
        self.thread = threading.current_thread()
        self.closed = 0

    async def close(self):
        self.closed += 1


@pytest.fixture
def built():
    return []


@pytest.fixture
def holder(built):
    def build():
        built.append(Client())
        return built[-1]

    return OnFirstUse(build, lambda client: client.close())


async def test_nothing_is_built_before_it_is_needed(holder, built):
    await holder.close()
    assert built == []


async def test_all_who_ask_at_once_get_the_same_client_built_off_the_loop(holder, built):
    clients = await asyncio.gather(*(holder.get() for _ in range(5)))

    assert built == [clients[0]]
    assert all(each is clients[0] for each in clients)
    assert clients[0].thread is not threading.current_thread()


async def test_it_is_closed_once_and_built_anew_when_needed_again(holder, built):
    await holder.get()
    await holder.close()
    await holder.close()

    assert built[0].closed == 1
    assert await holder.get() is not built[0]


async def test_a_build_that_fails_is_tried_again():
    attempts = []

    def build():
        attempts.append(1)
        if len(attempts) == 1:
            raise ImportError("not installed")
        return "client"

    holder = OnFirstUse(build, lambda client: client.close())

    with pytest.raises(ImportError):
        await holder.get()
    assert await holder.get() == "client"
