import asyncio
from unittest.mock import sentinel

import pytest

from app.domain.errors import TransportError
from app.events.agent_event_bus import AgentEventBus
from app.messaging.transports.in_process import InProcessTransport
from app.work_sharing import THOUGHTS, Sharing, listening


class Deaf(InProcessTransport):
    """Lets nobody hear what others think."""

    def subscribe(self, pattern, capacity=1_024):
        if pattern == THOUGHTS:
            raise TransportError("The broker has no room for another queue.")
        return super().subscribe(pattern, capacity)


async def test_who_cannot_hear_everything_leaves_nobody_listening():
    async def look(_newest):
        """Nothing is stored."""

    way = Sharing(Deaf(), sentinel.broker, sentinel.outbox, sentinel.relay)
    async with AgentEventBus() as bus:
        with pytest.raises(TransportError):
            async with listening(way, bus, look):
                pass
        assert not [task for task in asyncio.all_tasks() if "of others" in task.get_name()]
