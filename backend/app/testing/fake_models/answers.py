"""What goes over the wire: an answer in the vendor's bytes, and the vendor who knows how to write them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import orjson

from app.testing.fake_models.conversation import Asked, RefusedError, Reply

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in bytes.

    Args:
        pieces: fragments of a stream, or the whole body as one.
        breaks_off: more is promised than comes: the socket is closed after the last piece.
        pace_s: seconds between one byte and the next; None sends as fast as it goes.
    """

    pieces: tuple[bytes, ...]
    status: int = 200
    media_type: str = JSON
    streamed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks_off: bool = False
    pace_s: float | None = None

    @property
    def length(self) -> int | None:
        """What Content-Length promises; a stream promises nothing."""
        return None if self.streamed else sum(map(len, self.pieces)) + self.breaks_off


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it arrived; `headers` have lower-case names."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any


class Vendor(Protocol):
    """One vendor's dialect."""

    name: str
    model_path: str
    stream_type: str

    def read(self, incoming: Incoming) -> Asked:
        """Return what is asked.

        Raises:
            RefusedError: the vendor would not take the request.
        """

    def failure(self, status: int, message: str = "", kind: str = "") -> Answer:
        """Return the vendor's error document; an empty message stands for its usual words."""

    def whole(self, asked: Asked, reply: Reply) -> Mapping[str, Any]:
        """Return the reply as one document."""

    def pieces(self, asked: Asked, reply: Reply) -> list[bytes]:
        """Return the reply as the fragments of a stream."""

    def stream_failure(self) -> bytes:
        """Return the fragment that tells of a failure in the middle of a stream."""

    def misshapen(self) -> Mapping[str, Any]:
        """Return a JSON document that is not what the vendor's replies look like."""


def document(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a JSON answer."""
    return Answer((orjson.dumps(content),), status, headers=headers or {})


def fields_of(incoming: Incoming) -> Mapping[str, Any]:
    """Return the JSON object of a request.

    Raises:
        RefusedError: there is none.
    """
    if not isinstance(incoming.body, dict):
        raise RefusedError(400, "The request body is not a valid JSON object.")
    return incoming.body


def digest_of(fields: Mapping[str, Any]) -> str:
    """Return the digest of a request; whether it is streamed does not matter."""
    kept = {name: value for name, value in fields.items() if name != "stream"}
    return sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()
