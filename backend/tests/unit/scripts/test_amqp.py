"""Whether a broker serves: a real one, and what is none."""

import socket
from urllib.parse import urlsplit

import pytest

from scripts.services import amqp


@pytest.fixture
def broker(rabbitmq_url):
    parts = urlsplit(rabbitmq_url)
    return {"port": parts.port, "user": parts.username, "password": parts.password, "vhost": parts.path[1:]}


def test_a_broker_opens_a_connection_to_whom_it_knows(broker):
    assert amqp.accepts(**broker)


def test_a_broker_opens_none_to_a_virtual_host_that_is_not_there(broker):
    assert not amqp.accepts(**{**broker, "vhost": "nowhere"})


def test_a_port_without_a_listener_is_no_broker():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        assert not amqp.accepts(silent.getsockname()[1], "conclave", "secret")


def test_a_server_that_hangs_up_is_no_broker():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        listener.accept()[0].close()
        with client, pytest.raises(ValueError, match="closed"):
            amqp.read(client, 7)
