"""Free ports of this machine."""

import random
import socket

from scripts.services.processes import waited

LOOPBACK = "127.0.0.1"
# Below those that Linux gives to outgoing connections (32768 on): such a connection would sit on the port of a server
# that is down for a moment, and its URL would not survive.
PICKED = range(20_000, 32_768)


def keep_or_pick(wanted: int | None, patience_s: float = 5.0) -> int:
    """Return `wanted`, so that URLs survive a restart, or a free port if somebody listens there and stays.

    A killed server counts as dead some milliseconds before the last of its threads lets go of the port.
    """
    if wanted and waited(lambda: is_free(wanted), patience_s):
        return wanted
    return free_port()


def free_port() -> int:
    """Return a port at which nobody listens.

    Raises:
        OSError: there is none.
    """
    for port in random.sample(PICKED, len(PICKED)):
        if is_free(port):
            return port
    raise OSError(f"No port of {LOOPBACK} from {PICKED.start} to {PICKED.stop - 1} is free.")


def is_free(port: int) -> bool:
    """Return whether nobody listens at `port` of the loopback address."""
    with socket.socket() as probe:
        # As servers do: what is left of closed connections does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
