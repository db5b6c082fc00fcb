"""Scenes for tests with a real RabbitMQ: events, a look at the broker past our own code, and its alarm."""

import asyncio
import json
import subprocess
from contextlib import asynccontextmanager

import aio_pika

from app.domain.errors import TransportError
from app.domain.events import Event, EventType
from app.messaging.codecs import EventCodec
from app.messaging.transports.rabbitmq import RabbitMqTransport
from tests.builders import START


def an_event(seq=1, symbol="AAPL"):
    """An event that is told from others by its number."""
    return Event(EventType.MARKET_UPDATE, {"n": seq}, START, symbol, seq=seq)


def at_once(_failures):
    """Hardly any pause between tries."""
    return 0.01


def a_transport(url, namespace="conclave", **others):
    """A transport for events that hurries."""
    return RabbitMqTransport(url, EventCodec(), namespace=namespace, **{"pause": at_once, "watch_s": 0.2, **others})


@asynccontextmanager
async def bare_channel(url):
    """A channel of the vendor's client."""
    connection = await aio_pika.connect(url)
    async with connection, connection.channel() as channel:
        yield channel


async def until_taken(transport, event, seconds=60):
    """Publish an event again and again until it is taken."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                return await transport.publish(event)
            except TransportError:
                continue


def write_down_queues(servers):
    """Make the broker write down which queues it has: by itself it takes seconds, and a kill within them loses them.

    A quorum queue comes back empty and without a leader (RabbitMQ issue 15725). Any queue is gone when Mnesia's log
    has what was to be done but not yet that it was done, which is written up to two seconds later.
    """
    control(servers, "eval", "mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].")


def control(servers, *words):
    """Run rabbitmqctl on a broker of our own."""
    told = json.loads((servers.home / "state.json").read_text())["rabbitmq"]["rabbitmqctl"]
    done = subprocess.run(
        [*told["command"], "-q", *words], env=told["env"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
