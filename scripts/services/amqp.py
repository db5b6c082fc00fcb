"""Opens a connection as AMQP 0-9-1 has it, to learn whether a broker serves and not merely listens."""

import socket
import struct

HEADER = b"AMQP\x00\x00\x09\x01"
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE = (
    (10, 10),
    (10, 11),
    (10, 30),
    (10, 31),
    (10, 40),
    (10, 41),
    (10, 50),
)


def accepts(port: int, user: str, password: str, vhost: str = "/", host: str = "127.0.0.1") -> bool:
    """Return whether the broker opens a connection to `vhost` for this user."""
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            _open(connection, user, password, vhost)
    except (OSError, ValueError, struct.error):
        return False
    return True


def _open(connection: socket.socket, user: str, password: str, vhost: str) -> None:
    connection.sendall(HEADER)
    _expect(connection, START)
    answer = f"\0{user}\0{password}".encode()
    _send(connection, START_OK, struct.pack(">I", 0) + _short(b"PLAIN") + _long(answer) + _short(b"en_US"))
    channels, frame, _heartbeat = struct.unpack(">HIH", _expect(connection, TUNE)[:8])
    _send(connection, TUNE_OK, struct.pack(">HIH", channels, frame, 0))
    _send(connection, OPEN, _short(vhost.encode()) + _short(b"") + b"\0")
    _expect(connection, OPEN_OK)
    _send(connection, CLOSE, struct.pack(">H", 200) + _short(b"") + struct.pack(">HH", 0, 0))


def _send(connection: socket.socket, method: tuple[int, int], arguments: bytes) -> None:
    payload = struct.pack(">HH", *method) + arguments
    connection.sendall(struct.pack(">BHI", 1, 0, len(payload)) + payload + b"\xce")


def _expect(connection: socket.socket, method: tuple[int, int]) -> bytes:
    _kind, _channel, size = struct.unpack(">BHI", read(connection, 7))
    payload = read(connection, size + 1)[:-1]
    if struct.unpack(">HH", payload[:4]) != method:
        raise ValueError(f"The broker answered {payload[:4]!r} instead of {method}.")
    return payload[4:]


def read(connection: socket.socket, size: int) -> bytes:
    """Return the next `size` bytes.

    Raises:
        ValueError: the broker hung up before.
    """
    read = b""
    while len(read) < size:
        part = connection.recv(size - len(read))
        if not part:
            raise ValueError("The broker closed the connection.")
        read += part
    return read


def _short(text: bytes) -> bytes:
    return struct.pack(">B", len(text)) + text


def _long(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text
