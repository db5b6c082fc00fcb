"""Free ports."""

import socket
import threading
from pathlib import Path

from scripts.services.ports import LOOPBACK, free_port, is_free, keep_or_pick


def test_a_free_port_is_kept():
    port = free_port()
    assert keep_or_pick(port) == port


def test_a_port_where_somebody_listens_is_replaced():
    with socket.create_server((LOOPBACK, 0)) as listener:
        taken = listener.getsockname()[1]
        assert not is_free(taken)
        assert keep_or_pick(taken, patience_s=0.1) != taken


def test_a_port_is_kept_when_who_listened_there_goes():
    listener = socket.create_server((LOOPBACK, free_port()))
    port = listener.getsockname()[1]
    threading.Timer(0.2, listener.close).start()
    assert keep_or_pick(port) == port


def test_no_outgoing_connection_takes_the_port_of_a_server_that_is_down():
    first, _last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(free_port() < first for _ in range(20))
    assert keep_or_pick(None) < first
