"""Analyses asked for over a socket: they run in the background and their events go to whoever asked."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from app.domain.errors import InvalidInputError, OverloadedError
from app.domain.events import Event, EventType
from app.domain.identifiers import new_id
from app.domain.questions import Question
from app.domain.requests import read_request
from app.events.jobs.endings import ENDS
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.websockets.connections import Client

log = structlog.get_logger(__name__)

MAX_IN_FLIGHT = 4

Failed = Callable[[Client, Exception], None]


class Analyses:
    """Runs analyses for clients and knows who asked for which decision."""

    def __init__(self, coordinator: MultiAgentCoordinator) -> None:
        self._coordinator = coordinator
        self._asked_by: dict[str, Client] = {}

    def start(self, client: Client, data: Mapping[str, Any], correlation_id: str | None, failed: Failed) -> None:
        """Begin an analysis.

        Args:
            failed: told when it cannot be finished.

        Raises:
            InvalidInputError: the request cannot be used.
            OverloadedError: the client has too many under way.
        """
        if len(client.requests) >= MAX_IN_FLIGHT:
            raise OverloadedError(f"{MAX_IN_FLIGHT} analyses of this client are under way; wait for one to end.")
        question = read_request(data).to_question(correlation_id=correlation_id or new_id())
        decision_id = question.decision_id
        self._asked_by[decision_id] = client
        task = asyncio.create_task(self._run(client, question, failed), name=f"socket analysis {decision_id}")
        client.requests[decision_id] = task
        task.add_done_callback(lambda _: client.requests.pop(decision_id, None))

    def asker(self, event: Event) -> Client | None:
        """Return who asked for the decision an event belongs to; after the last event nobody does."""
        if not self._asked_by:
            return None
        if event.type is EventType.AGENT_COORDINATION and event.name in ENDS:
            return self._asked_by.pop(event.decision_id, None)
        return self._asked_by.get(event.decision_id)

    async def stop(self, client: Client) -> None:
        """Cancel what a client has under way and forget what it asked."""
        tasks = tuple(client.requests.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._asked_by = {key: asker for key, asker in self._asked_by.items() if asker is not client}

    async def _run(self, client: Client, question: Question, failed: Failed) -> None:
        try:
            await self._coordinator.decide(question)
        except Exception as error:
            if not isinstance(error, InvalidInputError):
                log.exception("analysis asked for over a socket failed", error=type(error).__name__)
            self._asked_by.pop(question.decision_id, None)
            failed(client, error)
