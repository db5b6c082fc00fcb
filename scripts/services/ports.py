"""Free ports of this machine."""

import socket

LOOPBACK = "127.0.0.1"


def keep_or_pick(wanted: int | None) -> int:
    """Return `wanted` if nobody listens there, else a free port, so that URLs survive a restart."""
    if wanted and is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


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
