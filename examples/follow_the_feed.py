"""Follow the WebSocket feed of a running server: ask for one analysis and print what comes back."""

import asyncio
import json
import sys
from pathlib import Path

from websockets.asyncio.client import connect

URL = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8000/ws/agents"


async def main() -> None:
    """Ask over the socket and print each event until the decision is there."""
    asked = json.loads((Path(__file__).parent / "aapl_request.json").read_text())
    async with connect(URL) as socket:
        await socket.send(json.dumps({"type": "agent_request", "id": "readme", "data": asked}))
        async for text in socket:
            message = json.loads(text)
            data = message["data"]
            print(message["seq"], message["type"], data.get("tool_name") or data.get("decision") or data.get("payload"))
            if data.get("message_type") == "consensus_result":
                return


asyncio.run(main())
