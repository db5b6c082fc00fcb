"""The socket built bare."""

from app.websockets.agent_coordination_socket import AgentCoordinationWebSocket
from tests.system.web_desk import an_alert


async def test_built_bare_it_opens_takes_events_and_closes():
    async with AgentCoordinationWebSocket() as socket:
        socket.broadcast(an_alert(1))
        assert socket.describe() == "0 clients, 0 cut off for not reading"
    await socket.close()
