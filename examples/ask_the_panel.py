"""Ask the panel from Python: no server, the decision is stored in CONCLAVE_HOME."""

import asyncio
import json
from pathlib import Path

from app.agent_system import AgentSystem


async def main() -> None:
    """Ask, print every vote, and make the decision again from its evidence."""
    asked = json.loads((Path(__file__).parent / "aapl_request.json").read_text())
    async with AgentSystem() as system:
        record = await system.run_real_time_analysis(asked["symbol"], asked["market_data"], news=asked["news"])
        print(record["final_recommendation"], record["status"], record["resolved_by"])
        for vote in record["votes"]:
            print(f"  {vote['agent_type']:20} {vote['decision']:12} {vote['reasoning']}")
        consensus_id = await system.request_consensus("AAPL", {"market_data": asked["market_data"]}, ["risk_advisor"])
        answer = await system.get_consensus_result(consensus_id)
        print(answer["status"], answer["result"]["final_recommendation"])


asyncio.run(main())
