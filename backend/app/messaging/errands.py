"""What the desk sends to other processes: errands for workers, and word of what was decided."""

from typing import Final

from app.domain.events import Event, EventType
from app.domain.jobs import Errand
from app.domain.letters import Letter
from app.messaging.codecs import EnvelopeCodec, EventCodec
from app.messaging.envelopes import Envelope
from app.messaging.messages import BaseMessage, Id
from app.messaging.parcels import Parcel
from app.messaging.registry import MessageRegistry
from app.ports.queues import WorkQueue

ASK: Final = "ask"


class AskAnalysts(BaseMessage, frozen=True):
    """Asks agents of one role for their part in an accepted job.

    Args:
        correlation_id: the job's id.
    """

    symbol: str
    role: Id
    agents: tuple[Id, ...]

    @property
    def errand(self) -> Errand:
        """What is to be done."""
        return Errand(self.correlation_id, self.symbol, self.role, self.agents)


def queue_name(role: str) -> str:
    """Return the name of the queue in which a role's errands wait."""
    return f"errands.{role}"


def aside(queue: str) -> str:
    """Return the name of the queue to which errands go whose symbol has enough under way."""
    return f"{queue}.aside"


def errand_queue(name: str, prefetch: int = 100) -> WorkQueue:
    """Return the queue of that name; an errand is found again in the store, so few deliveries are enough."""
    return WorkQueue(name, prefetch=prefetch)


def errand_letter(errand: Errand) -> Letter:
    """Return the letter that asks for an errand; of two for the same job and role one is enough."""
    message = AskAnalysts(
        message_id=f"{errand.job_id}:{errand.role}",
        correlation_id=errand.job_id,
        symbol=errand.symbol,
        role=errand.role,
        agents=errand.agents,
    )
    envelope = Envelope.to(ASK, errand.job_id, message)
    return _letter(DeskCodec().pack(envelope), queue_name(errand.role))


def decision_letter(event: Event) -> Letter | None:
    """Return the letter that tells of the end of a decision; None for every other event, which is read in the store."""
    if event.type is not EventType.AGENT_COORDINATION or event.name == "consensus_requested":
        return None
    return _letter(EventCodec().pack(event))


def _letter(parcel: Parcel, queue: str | None = None) -> Letter:
    message_id, correlation_id = parcel.message_id or "", parcel.correlation_id or ""
    return Letter(parcel.kind or "", parcel.topic, message_id, correlation_id, parcel.body, queue)


Told = Event | Envelope | Letter
"""What the desk's transport carries; what comes out of it is an event or an envelope."""


class DeskCodec:
    """Writes and reads everything that processes of the desk tell one another."""

    def __init__(self) -> None:
        self._events = EventCodec()
        self._envelopes = EnvelopeCodec(MessageRegistry((AskAnalysts,)))

    def pack(self, message: Told) -> Parcel:
        """Return the message as bytes; a letter is written already. See `Codec.pack`."""
        if isinstance(message, Letter):
            return Parcel(message.kind, message.topic, message.message_id, message.correlation_id, message.body)
        if isinstance(message, Event):
            return self._events.pack(message)
        return self._envelopes.pack(message)

    def unpack(self, parcel: Parcel) -> Told:
        """Return an event or an envelope; see `Codec.unpack`."""
        return self._events.unpack(parcel) if parcel.kind == "EventMessage" else self._envelopes.unpack(parcel)
