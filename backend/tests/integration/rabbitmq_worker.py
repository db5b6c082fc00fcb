"""A process that takes one message and never settles it: `rabbitmq_worker.py URL NAMESPACE QUEUE`."""

import asyncio
import sys

from app.messaging.codecs import EventCodec
from app.messaging.transports.rabbitmq import RabbitMqTransport
from app.observability.logging import configure_logging
from app.ports.queues import WorkQueue


async def main(url: str, namespace: str, queue: str) -> None:
    """Say which event is held, then hold it."""
    configure_logging()
    async with (
        RabbitMqTransport(url, EventCodec(), namespace=namespace) as transport,
        transport.consume(WorkQueue(queue, ("#",))) as deliveries,
    ):
        delivery = await anext(deliveries)
        print(delivery.message.seq, flush=True)
        await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
