"""What one client says, one message after the other, and what it is told."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from starlette.types import Receive

from app.access.labels import is_safe_label
from app.domain.errors import AgentSystemError, InvalidInputError
from app.websockets.analyses import Analyses
from app.websockets.connections import Audience, Client
from app.websockets.incoming import AGENT_REQUEST, ClientId, ClientMessage, MessageError, read_message
from app.websockets.topics import check_room, read_topics

log = structlog.get_logger(__name__)

MAX_ERRORS = 50
UNSUPPORTED_DATA, TOO_MANY_ERRORS = 1003, 1008

Answer = Callable[[Client, str, Mapping[str, Any]], None]


class Conversation:
    """Serves the messages of one client.

    Args:
        answer: queues an answer for the client.
        problem_of: makes an error's problem document.
    """

    def __init__(
        self,
        client: Client,
        audience: Audience,
        analyses: Analyses,
        answer: Answer,
        problem_of: Callable[[Exception], Mapping[str, Any]],
    ) -> None:
        self._client = client
        self._audience = audience
        self._analyses = analyses
        self._answer = answer
        self._problem_of = problem_of
        self._handlers: dict[str, Callable[[ClientMessage], None]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "ping": self._ping,
            "authenticate": self._authenticate,
            AGENT_REQUEST: self._analyse,
        }

    async def listen(self, receive: Receive) -> int | None:
        """Serve messages until the client leaves (None) or must be told to (the closing code)."""
        while True:
            frame = await receive()
            if frame["type"] == "websocket.disconnect":
                return None
            text = frame.get("text")
            if text is None:
                self.complain(InvalidInputError("Send text frames with JSON; binary frames are not read."))
                return UNSUPPORTED_DATA
            self._serve(text)
            if self._client.errors >= MAX_ERRORS:
                return TOO_MANY_ERRORS

    def complain(self, error: Exception, client_id: ClientId = None) -> None:
        """Tell the client what was wrong, under its own id where it gave one."""
        self._client.errors += 1
        self._tell("error", dict(self._problem_of(error)), client_id)

    def _serve(self, text: str) -> None:
        try:
            message = read_message(text)
        except MessageError as error:
            self.complain(error.reason, error.id)
            return
        try:
            self._handlers[message.kind](message)
        except AgentSystemError as error:
            self.complain(error, message.id)
        except Exception as error:
            log.exception("message failed", kind=message.kind, error=type(error).__name__)
            self.complain(error, message.id)

    def _subscribe(self, message: ClientMessage) -> None:
        asked = read_topics(_named(message.data))
        kept = self._client.topics if self._client.has_chosen else set()
        check_room(len(kept.union(asked)))
        self._client.has_chosen = True
        self._audience.change(self._client, kept.union(asked))
        self._confirm("subscription_confirmed", asked, message.id)

    def _unsubscribe(self, message: ClientMessage) -> None:
        asked = read_topics(_named(message.data))
        self._client.has_chosen = True
        self._audience.change(self._client, self._client.topics.difference(asked))
        self._confirm("subscription_removed", asked, message.id)

    def _confirm(self, kind: str, asked: tuple[str, ...], client_id: ClientId) -> None:
        told = {"topic": asked[0] if len(asked) == 1 else list(asked), "topics": sorted(self._client.topics)}
        self._tell(kind, told, client_id)

    def _ping(self, message: ClientMessage) -> None:
        self._tell("pong", {}, message.id)

    def _authenticate(self, message: ClientMessage) -> None:
        """The gate has done it, or nothing was asked for."""
        self._tell("authenticated", {}, message.id)

    def _analyse(self, message: ClientMessage) -> None:
        label = str(message.id) if is_safe_label(message.id) else None

        def failed(_client: Client, error: Exception) -> None:
            self.complain(error, message.id)

        self._analyses.start(self._client, message.data, label, failed)

    def _tell(self, kind: str, data: dict[str, Any], client_id: ClientId) -> None:
        self._answer(self._client, kind, data if client_id is None else {**data, "id": client_id})


def _named(data: Mapping[str, Any]) -> object:
    return data["topics"] if "topics" in data and "topic" not in data else data.get("topic")
