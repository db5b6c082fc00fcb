"""Free ports."""

import socket

from scripts.services.ports import LOOPBACK, is_free, keep_or_pick


def test_a_free_port_is_kept():
    port = keep_or_pick(None)
    assert keep_or_pick(port) == port


def test_a_port_where_somebody_listens_is_replaced():
    with socket.create_server((LOOPBACK, 0)) as listener:
        taken = listener.getsockname()[1]
        assert not is_free(taken)
        assert keep_or_pick(taken) != taken
