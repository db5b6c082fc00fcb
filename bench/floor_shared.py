"""The floor of a decision that is shared: the same commits and confirms, one after the other, by bare clients.

What one process would do as well (making the decision and committing it) is not in it: these are the steps that lie
between, with rows and bodies of the same size.
"""

from typing import Any, Self

import aio_pika
import asyncpg

TABLES = """
CREATE TABLE floor_jobs (id bigint PRIMARY KEY, file bytea NOT NULL, status text NOT NULL);
CREATE TABLE floor_tasks (job bigint REFERENCES floor_jobs, agent int, fence int NOT NULL, owner text, part bytea,
    PRIMARY KEY (job, agent));
CREATE TABLE floor_outbox (id bigserial PRIMARY KEY, body bytea NOT NULL);
"""
LETTERS = "SELECT id, body FROM floor_outbox ORDER BY id LIMIT 200 FOR UPDATE SKIP LOCKED"
AGENTS, FILE, LETTER, PART = 5, b"f" * 12_000, b"l" * 350, b"p" * 2_500


class BareSteps:
    """Walks the steps on one connection and one channel; `async with await BareSteps.at(...) as steps`."""

    def __init__(self, database: Any, broker: Any, channel: Any, queue: Any) -> None:
        self._database = database
        self._broker = broker
        self._channel = channel
        self._queue = queue
        self._job = 0

    @classmethod
    async def at(cls, postgres_url: str, rabbitmq_url: str, queue: str) -> Self:
        """Connect, make the tables anew and a durable queue."""
        database = await asyncpg.connect(postgres_url)
        await database.execute("DROP TABLE IF EXISTS floor_tasks, floor_jobs, floor_outbox;" + TABLES)
        broker = await aio_pika.connect(rabbitmq_url)
        channel = await broker.channel(publisher_confirms=True, on_return_raises=True)
        declared = await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        return cls(database, broker, channel, declared)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._queue.delete(if_unused=False, if_empty=False)
        await self._broker.close()
        await self._database.close()

    async def walk(self) -> None:
        """Accept, relay, take, deliver, relay again."""
        self._job += 1
        await self._accept()
        await self._relay()
        await self._each_task(
            "UPDATE floor_tasks SET fence = fence + 1, owner = $3 WHERE job = $1 AND agent = $2", "me"
        )
        await self._each_task("UPDATE floor_tasks SET part = $3, owner = NULL WHERE job = $1 AND agent = $2", PART)
        await self._database.execute("INSERT INTO floor_outbox (body) VALUES ($1)", LETTER)
        await self._relay()

    async def _accept(self) -> None:
        async with self._database.transaction():
            await self._database.execute("INSERT INTO floor_jobs VALUES ($1, $2, 'pending')", self._job, FILE)
            tasks = [(self._job, agent, 0) for agent in range(AGENTS)]
            await self._database.executemany("INSERT INTO floor_tasks (job, agent, fence) VALUES ($1, $2, $3)", tasks)
            await self._database.executemany("INSERT INTO floor_outbox (body) VALUES ($1)", [(LETTER,)] * AGENTS)

    async def _relay(self) -> None:
        async with self._database.transaction():
            letters = await self._database.fetch(LETTERS)
            for letter in letters:
                message = aio_pika.Message(letter["body"], delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await self._channel.default_exchange.publish(message, self._queue.name, mandatory=True)
                await (await self._queue.get()).ack()
            ids = [letter["id"] for letter in letters]
            await self._database.execute("DELETE FROM floor_outbox WHERE id = ANY($1)", ids)

    async def _each_task(self, update: str, value: Any) -> None:
        async with self._database.transaction():
            await self._database.executemany(update, [(self._job, agent, value) for agent in range(AGENTS)])
