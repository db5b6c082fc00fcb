"""Where the broker is; the password stays inside."""

from typing import Final

from yarl import URL

from app.domain.errors import InvalidInputError

HEARTBEAT_S: Final = 10
"""A connection that says nothing for three of these is given up."""

_FORM: Final = "RABBITMQ_URL must look like amqp://user:password@host:5672/vhost (or amqps)."


def broker_address(url: str) -> URL:
    """Return the address to connect to.

    Raises:
        InvalidInputError: it is no AMQP address.
    """
    try:
        address = URL(url)
        is_amqp = address.scheme in ("amqp", "amqps") and bool(address.host)
    except (ValueError, TypeError):
        raise InvalidInputError(_FORM) from None
    if not is_amqp:
        raise InvalidInputError(_FORM)
    return address if "heartbeat" in address.query else address.update_query(heartbeat=HEARTBEAT_S)


def shown(address: URL) -> str:
    """Return the address for people: no user, password or parameters."""
    port = address.port or (5671 if address.scheme == "amqps" else 5672)
    return f"{address.scheme}://{address.host_subcomponent}:{port}{address.path}"
