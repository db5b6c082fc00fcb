"""Every route answers as the contract says."""

import hashlib

import httpx
import pytest

from app.domain.identifiers import is_id
from app.domain.requests import AnalysisRequest
from app.web.examples import ANALYSES, CONSENSUS, TALLIES
from tests.system.web_desk import Waiter, a_consensus, a_question, an_app, calling

RECORD = {
    "decision_id", "symbol", "final_recommendation", "status", "resolved_by", "confidence", "support", "position_size",
    "degraded", "degraded_reasons", "votes", "missing", "rejected", "not_applicable", "consensus", "as_of",
    "created_at", "duration_ms", "correlation_id", "engine_version", "sequence", "previous_hash", "hash",
}  # fmt: skip


@pytest.fixture
async def client(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        yield client


async def analysed(client, **changes) -> dict:
    answer = await client.post("/api/v1/agents/analyze", json=a_question(**changes))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_analysis_answers_with_the_whole_record(client):
    record = await analysed(client)

    assert record.keys() >= RECORD
    assert (record["final_recommendation"], record["status"], record["resolved_by"]) == ("BUY", "decided", "method")
    assert is_id(record["decision_id"])
    assert record["consensus"]["method"] == "weighted"
    assert record["consensus"]["conflict_resolution"] == "conservative"
    assert record["consensus"]["config"]["risk_veto"] is True


async def test_nobody_able_to_vote_is_no_decision_and_not_an_error(client):
    record = await analysed(client, bars=3)

    assert (record["final_recommendation"], record["resolved_by"]) == ("NO_DECISION", "fallback")
    assert {each["agent_type"] for each in record["not_applicable"]} == {"market_analyst", "risk_advisor"}
    assert "20 bars" in record["not_applicable"][0]["needs"]


async def test_bars_by_column_and_as_a_list_say_the_same(client):
    columns = a_question()["market_data"]
    names = ("timestamp", "open", "high", "low", "close", "volume")
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(columns[name] for name in names), strict=True)]

    by_column = await analysed(client)
    as_list = await analysed(client, market_data={"bars": rows, "interval": "1d"})

    assert by_column["as_of"] == as_list["as_of"]
    assert by_column["votes"][0]["decision"] == as_list["votes"][0]["decision"]


async def test_the_chosen_agents_alone_are_asked(client):
    record = await analysed(client, agents=["risk_advisor"])

    assert [vote["agent_id"] for vote in record["votes"]] == ["risk_advisor_AAPL"]


async def test_a_record_is_read_back_byte_for_byte(client):
    first = await client.post("/api/v1/agents/analyze", json=a_question())
    again = await client.get(f"/api/v1/decisions/{first.json()['decision_id']}")

    assert again.content == first.content


async def test_the_canonical_bytes_hash_to_the_recorded_hash(client):
    record = await analysed(client)
    canonical = await client.get(f"/api/v1/decisions/{record['decision_id']}/canonical")

    chained = b"decision-log-v1\0" + bytes.fromhex(record["previous_hash"]) + canonical.content
    assert canonical.headers["content-type"] == "application/json"
    assert hashlib.sha256(chained).hexdigest() == record["hash"]


async def test_a_replay_is_identical(client):
    record = await analysed(client)
    replay = (await client.get(f"/api/v1/decisions/{record['decision_id']}/replay")).json()

    assert (replay["identical"], replay["differences"], replay["engine_changed"]) == (True, [], False)


async def test_the_voting_analysis_names_the_camps(client):
    record = await analysed(client)
    voting = (await client.get(f"/api/v1/decisions/{record['decision_id']}/voting")).json()

    assert voting["camps"]["BULL"] == ["market_analyst_AAPL", "risk_advisor_AAPL"]


async def test_the_list_is_newest_first_filtered_and_paged(client):
    made = [await analysed(client) for _ in range(3)]
    await analysed(client, symbol="MSFT")

    first = (await client.get("/api/v1/decisions", params={"symbol": "aapl", "limit": 2})).json()
    rest = (await client.get("/api/v1/decisions", params={"symbol": "AAPL", "cursor": first["next_cursor"]})).json()

    listed = [each["decision_id"] for each in (*first["items"], *rest["items"])]
    assert listed == [each["decision_id"] for each in reversed(made)]
    assert rest["next_cursor"] is None


async def test_since_leaves_older_decisions_out(client):
    old, new = await analysed(client), await analysed(client)
    found = (await client.get("/api/v1/decisions", params={"since": new["created_at"]})).json()["items"]

    assert [each["decision_id"] for each in found] == [new["decision_id"]]
    assert old["created_at"] < new["created_at"]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"symbol": "../x"}, {"symbol": "A" * 500},
              {"since": "yesterday"}, {"since": "9" * 41}, {"cursor": "zzz"}, {"since": "0001-01-01T00:00+14:00"}],
)  # fmt: skip
async def test_a_list_that_cannot_be_is_refused(client, query):
    answer = await client.get("/api/v1/decisions", params=query)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_consensus_answers_at_once_and_its_id_becomes_the_decisions(client):
    accepted = await client.post("/api/v1/agents/consensus", json=a_consensus(required_agents=["market_analyst"]))
    told = accepted.json()

    assert (accepted.status_code, told["status"]) == (202, "pending")
    assert told["status_url"] == f"/api/v1/agents/consensus/{told['consensus_id']}"
    await client.app.state.system.get_consensus_result(told["consensus_id"])
    ended = (await client.get(told["status_url"])).json()
    assert (ended["status"], ended["result"]["decision_id"]) == ("complete", told["consensus_id"])
    assert (await client.delete(told["status_url"])).status_code == 409


async def test_a_consensus_that_is_stopped_is_cancelled_and_stays_so(tmp_path):
    waiter = Waiter()
    async with calling(an_app(tmp_path, waiter)) as client:
        where = (await client.post("/api/v1/agents/consensus", json=a_consensus())).json()["status_url"]
        await waiter.called.wait()
        assert (await client.get(where)).json() == {
            "consensus_id": where.rpartition("/")[2], "status": "pending", "result": None,
        }  # fmt: skip
        assert (await client.delete(where)).json()["status"] == "cancelled"
        assert (await client.get(where)).json()["status"] == "cancelled"
        assert (await client.get("/api/v1/decisions")).json()["items"] == []


async def test_a_tally_counts_and_stores_nothing(client):
    votes = [
        {"agent_id": "a", "decision": "BUY", "confidence": 0.8},
        {"agent_id": "b", "decision": "BUY", "confidence": 0.6},
        {"agent_id": "c", "decision": "SELL", "confidence": 0.9},
    ]
    result = (
        await client.post("/api/v1/consensus/tally", json={"votes": votes, "config": {"method": "majority"}})
    ).json()

    assert (result["decision"], result["confidence"], result["tally"]) == (
        "BUY", 0.466666667, {"BEAR": "1", "HOLD": "0", "BULL": "2"},
    )  # fmt: skip
    assert (await client.get("/api/v1/agents/status")).json()["performance_summary"]["total_decisions"] == 0


async def test_a_tally_judges_votes_of_any_quality(client):
    votes = [{"agent_id": "a", "decision": "BUY", "confidence": 85}, 7, None, {"agent_id": "b", "decision": "ABSTAIN"}]
    result = (await client.post("/api/v1/consensus/tally", json={"votes": votes})).json()

    assert result["decision"] == "NO_DECISION"
    assert ["a", "confidence_out_of_range"] in result["rejected"]
    assert len(result["rejected"]) == 4


async def test_many_votes_are_counted_and_too_many_refused(client):
    assert (await client.post("/api/v1/consensus/tally", json={"votes": [0] * 10_000})).status_code == 200
    assert (await client.post("/api/v1/consensus/tally", json={"votes": [0] * 10_001})).status_code == 422


async def test_the_panel_says_who_is_asked_what(client):
    panel = (await client.get("/api/v1/agents")).json()

    assert panel["whole_panel"] == "comprehensive"
    assert panel["agents"][0] == {
        "role": "market_analyst", "agent_id": "market_analyst_<SYMBOL>", "question": "Is there a trend?",
        "rule": "There is.", "needs": {"bars": 20, "news": False}, "tools": [],
    }  # fmt: skip


async def test_status_and_performance_count_what_was_done(client):
    await analysed(client)
    status = (await client.get("/api/v1/agents/status")).json()
    agents = (await client.get("/api/v1/agents/performance")).json()["agents"]

    assert status["performance_summary"]["total_decisions"] == 1
    assert status["component_health"]["store"]["status"] == "up"
    assert [(each["agent_id"], each["votes"]) for each in agents] == [
        ("market_analyst_AAPL", 1),
        ("risk_advisor_AAPL", 1),
    ]


async def test_tools_that_were_never_called_have_zeros(client):
    tools = (await client.get("/api/v1/tools/performance")).json()["tools"]

    assert {each["tool_name"] for each in tools} >= {"compute_indicators", "assess_risk"}
    assert all((each["calls"], each["success_rate"]) == (0, 0.0) for each in tools)


async def test_indicators_have_names_and_meanings(client):
    listed = (await client.get("/api/v1/indicators")).json()["indicators"]

    assert all(each["name"] and each["meaning"] and each["minimum_bars"] >= 1 for each in listed)
    supplied = {listed[0]["name"]: 1.0}
    assert (
        await client.post("/api/v1/agents/analyze", json=a_question(technical_indicators=supplied))
    ).status_code == 200


async def test_health_tells_each_part_and_live_and_ready_one_word(client):
    health = (await client.get("/health")).json()

    assert health["status"] == "up"
    assert health["component_health"].keys() >= {"store", "event_bus", "coordinator", "websocket_feed"}
    assert (await client.get("/health/live")).json() == {"status": "alive"}
    assert (await client.get("/health/ready")).json() == {"status": "ready"}


async def test_health_is_503_when_nothing_runs_and_live_is_still_alive(tmp_path):
    app = an_app(tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        health = await client.get("/health")

        assert (health.status_code, health.json()["status"]) == (503, "down")
        assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("some_id", ["abc", "01900000-0000-7000-8000-000000000000", "%2e%2e", "x" * 300])
@pytest.mark.parametrize("address", ["/api/v1/decisions/{}", "/api/v1/decisions/{}/canonical",
                                     "/api/v1/decisions/{}/replay", "/api/v1/agents/consensus/{}"])  # fmt: skip
async def test_what_is_not_there_is_a_problem(client, address, some_id):
    answer = await client.get(address.format(some_id))

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().keys() == {"type", "title", "status", "detail", "errors"}


async def test_a_wrong_method_says_which_are_right(client):
    answer = await client.put("/api/v1/agents/analyze")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("example", ANALYSES.values())
async def test_every_analysis_to_try_works(client, example):
    AnalysisRequest.model_validate(example["value"])
    assert (await client.post("/api/v1/agents/analyze", json=example["value"])).status_code == 200


async def test_every_other_example_to_try_works(client):
    for example in CONSENSUS.values():
        assert (await client.post("/api/v1/agents/consensus", json=example["value"])).status_code == 202
    for example in TALLIES.values():
        assert (await client.post("/api/v1/consensus/tally", json=example["value"])).status_code == 200
