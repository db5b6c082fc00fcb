"""A process of somebody else that acts on every decision once: `consumer.py`, or `consumer.py --no-inbox`.

It settles deliveries by tens, as a consumer in a hurry does: each time it dies, some come again.
"""

import asyncio
import sys
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from app.config import read_settings
from app.domain.errors import StoreError, TransportError
from app.domain.events import Event
from app.messaging.errands import DeskCodec
from app.messaging.transports.rabbitmq import RabbitMqTransport
from app.observability.logging import configure_logging
from app.ports.queues import Delivery, WorkQueue
from app.storage.inbox import Inbox
from app.storage.server_database import ServerDatabase

QUEUE = WorkQueue("effects", ("decision.#",), one_consumer=True, prefetch=50, returns=1_000)
TOGETHER = 10
TABLES = (
    "CREATE TABLE effects (place BIGSERIAL PRIMARY KEY, decision_id TEXT, symbol TEXT, name TEXT, seq BIGINT)",
    "CREATE TABLE came_again (decision_id TEXT)",
)
ACTING = text("INSERT INTO effects (decision_id, symbol, name, seq) VALUES (:decision_id, :symbol, :name, :seq)")
AGAIN = text("INSERT INTO came_again (decision_id) VALUES (:decision_id)")


class Consumer:
    """Makes one effect for each decision.

    Args:
        inbox: None makes an effect for each delivery.
    """

    def __init__(self, database: ServerDatabase, inbox: Inbox | None) -> None:
        self._database = database
        self._inbox = inbox
        self._unsettled: list[Delivery] = []

    async def receive(self, delivery: Delivery) -> None:
        """Act, then settle."""
        while True:
            try:
                await self._act(delivery.message)
                break
            except StoreError:
                await asyncio.sleep(0.1)
        self._unsettled.append(delivery)
        if len(self._unsettled) >= TOGETHER:
            await self.settle()

    async def settle(self) -> None:
        """Settle what was acted on."""
        settled, self._unsettled = self._unsettled, []
        for delivery in settled:
            try:
                await delivery.ack()
            except TransportError:
                continue

    async def _act(self, event: Event) -> None:
        row = {"decision_id": event.decision_id, "symbol": event.symbol, "name": event.name, "seq": event.seq}

        def act(connection: Connection) -> None:
            connection.execute(ACTING, row)

        if self._inbox is None:
            await self._database.write(act, in_order=False)
        elif not await self._inbox.once(f"{event.decision_id}:{event.name}", datetime.now(UTC), act):
            await self._database.write(lambda each: each.execute(AGAIN, row), in_order=False)


async def main(*, has_inbox: bool) -> None:
    """Consume until killed."""
    settings = read_settings()
    configure_logging(settings.log_level)
    database = ServerDatabase(settings.postgres_url.get_secret_value())
    await database.open()
    consumer = Consumer(database, Inbox(database, "chaos") if has_inbox else None)
    url = settings.rabbitmq_url.get_secret_value()
    transport = RabbitMqTransport(url, DeskCodec(), namespace=settings.broker_namespace)
    async with transport, transport.consume(QUEUE) as deliveries:
        print("consuming", flush=True)
        async for delivery in deliveries:
            await consumer.receive(delivery)


if __name__ == "__main__":
    asyncio.run(main(has_inbox="--no-inbox" not in sys.argv))
