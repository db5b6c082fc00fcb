import pytest

from app.domain.errors import InvalidInputError
from app.messaging.rabbitmq.address import broker_address, shown


@pytest.mark.parametrize(
    ("url", "shows"),
    [
        ("amqp://user:hunter2@host", "amqp://host:5672/"),
        ("amqps://user:hunter2@host/desk?cafile=/x", "amqps://host:5671/desk"),
        ("amqp://user:hunter2@[::1]:5673/desk", "amqp://[::1]:5673/desk"),
    ],
)
def test_an_address_is_shown_without_user_password_and_parameters(url, shows):
    assert shown(broker_address(url)) == shows


def test_a_silent_connection_is_noticed_soon_unless_the_address_says_otherwise():
    assert broker_address("amqp://host/").query["heartbeat"] == "10"
    assert broker_address("amqp://host/?heartbeat=60").query["heartbeat"] == "60"


@pytest.mark.parametrize("url", ["", "host", "redis://host", "amqp:///desk", "amqp://host:no", None])
def test_what_is_no_address_is_refused_with_the_form(url):
    with pytest.raises(InvalidInputError, match="amqp://user:password@host:5672/vhost"):
        broker_address(url)
