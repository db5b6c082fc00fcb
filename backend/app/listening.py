"""Where a server listens."""

from socket import AF_INET, AF_INET6, create_server, socket
from typing import Final

from app.domain.errors import InvalidInputError

BACKLOG: Final = 1_024


def listen_on(host: str, port: int, settings: str = "--host and --port") -> socket:
    """Bind the listener; port 0 picks a free one.

    Args:
        settings: how another address is chosen.

    Raises:
        InvalidInputError: the port is taken or the address is not of this machine.
    """
    bare = host.strip("[]")
    try:
        return create_server((bare, port), family=AF_INET6 if ":" in bare else AF_INET, backlog=BACKLOG)
    except OSError as error:
        why = f"Cannot listen on {host}, port {port}: {error.strerror or 'not possible'}."
        raise InvalidInputError(f"{why} Choose another with {settings}.") from None


def url_of(listener: socket) -> str:
    """Return the address of the listener as a browser on this machine would write it."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
