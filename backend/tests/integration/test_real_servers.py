"""The servers that tests run against: fresh for each, as they are for all, and alive again after a kill."""

from urllib.parse import urlsplit

import aio_pika
import asyncpg
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity

from scripts.services import amqp
from tests.integration.rabbitmq_scene import bare_channel, write_down_queues
from tests.own_servers import own_servers
from tests.services import fresh_database, fresh_vhost


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with own_servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


async def asked(url, query):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def a_lasting_queue(url):
    async with bare_channel(url) as channel:
        await channel.declare_queue("kept", durable=True)


async def published(url, body):
    """Hand a message to the lasting queue and return once the broker has taken responsibility for it."""
    async with bare_channel(url) as channel:
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept", mandatory=True)


async def waiting(url):
    async with bare_channel(url) as channel:
        queue = await channel.get_queue("kept")
        message = await queue.get(timeout=30)
        await message.ack()
        return message.body


def opens(url):
    parts = urlsplit(url)
    return amqp.accepts(parts.port, parts.username, parts.password, parts.path[1:], parts.hostname)


async def test_a_database_is_empty_at_first(postgres_url):
    assert await asked(postgres_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


async def test_a_database_is_gone_afterwards_even_if_somebody_stayed_connected():
    with fresh_database() as url:
        left_open = await asyncpg.connect(url)
        await left_open.execute("CREATE TABLE decisions ()")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    left_open.terminate()


async def test_two_virtual_hosts_know_nothing_of_each_other(rabbitmq_url):
    with fresh_vhost() as other:
        await a_lasting_queue(rabbitmq_url)
        await published(rabbitmq_url, b"a decision")
        with pytest.raises(ChannelNotFoundEntity):
            await waiting(other)
    assert await waiting(rabbitmq_url) == b"a decision"


def test_a_virtual_host_is_gone_afterwards():
    with fresh_vhost() as url:
        assert opens(url)
    assert not opens(url)


def test_no_two_prefixes_are_the_same(rabbitmq_prefix):
    assert rabbitmq_prefix.startswith("test-")


async def test_a_killed_database_starts_again_at_its_address_with_what_was_committed(own):
    url = own.url("postgres")
    await asked(url, "CREATE TABLE kept AS SELECT 7 AS number")

    own.kill("postgres")
    own.start()

    assert own.url("postgres") == url
    assert await asked(url, "SELECT number FROM kept") == 7


async def test_a_killed_broker_starts_again_at_its_address_with_what_was_confirmed(own):
    url = own.url("rabbitmq")
    await a_lasting_queue(url)
    write_down_queues(own)
    await published(url, b"a decision")

    own.kill("rabbitmq")
    own.start()

    assert own.url("rabbitmq") == url
    assert await waiting(url) == b"a decision"
