"""What leaves the desk for other processes: written with the change it tells of, sent once that stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be sent.

    Args:
        kind: name of its class.
        topic: words joined by dots, by which it is routed.
        message_id: the same however often it is sent.
        body: JSON.
        queue: the queue it is meant for; None is whoever listens to the topic, and those get letters in order.
    """

    kind: str
    topic: str
    message_id: str
    correlation_id: str
    body: bytes
    queue: str | None = None
