"""Bad input is refused with a problem that says what is wrong, and never repeats what was sent."""

import json
from copy import deepcopy
from math import inf, nan

import pytest

from app.web.bodies import BARS_BODY, SMALL_BODY
from tests.system.web_desk import Broken, a_consensus, a_question, an_app, calling

JSON = {"Content-Type": "application/json"}
ANALYZE, CONSENSUS, TALLY = "/api/v1/agents/analyze", "/api/v1/agents/consensus", "/api/v1/consensus/tally"


@pytest.fixture
async def client(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        yield client


def check_problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    assert "CANARY" not in answer.text
    assert "Traceback" not in answer.text
    return problem


def spoilt(column, position, value):
    question = a_question()
    question["market_data"][column][position] = value
    return question


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (spoilt("timestamp", 5, "2024-01-02"), "market_data.bars.5"),
        (spoilt("timestamp", 5, "2024-01-06"), "market_data.bars.5"),
        (spoilt("timestamp", 5, "CANARY"), "market_data.bars.5"),
        (spoilt("close", 5, -1.0), "market_data.bars.5"),
        (spoilt("close", 5, 0), "market_data.bars.5"),
        (spoilt("high", 5, 1.0), "market_data.bars.5"),
        (spoilt("close", 5, "CANARY"), "market_data.close.5"),
        (spoilt("close", 5, None), "market_data.close.5"),
        (spoilt("close", 5, True), "market_data.close.5"),
        (spoilt("volume", 5, -1), "market_data.bars.5"),
        (spoilt("timestamp", 29, "9999-12-31T23:00:00"), "market_data.bars.29"),
    ],
)
async def test_bad_bars_are_named(client, question, said):
    problem = check_problem(await client.post(ANALYZE, json=question), 422)

    assert said in problem["errors"][0]["loc"] + problem["detail"]


async def test_one_bar_without_an_interval_is_refused_and_with_one_is_no_decision(client):
    one = a_question(1)
    assert (await client.post(ANALYZE, json=one)).json()["final_recommendation"] == "NO_DECISION"
    del one["market_data"]["interval"]
    check_problem(await client.post(ANALYZE, json=one), 422)


async def test_no_bars_and_too_many_bars_are_refused(client):
    check_problem(await client.post(ANALYZE, json=a_question(0)), 422)
    check_problem(await client.post(ANALYZE, json=a_question(10_001)), 422)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "CANARY"},
        {"method": "wieghted"},
        {"conflict_resolution": "CANARY"},
        {"agents": ["CANARY"]},
        {"agents": []},
        {"agents": "comprehensive"},
        {"config": {"weights": {"a": -1}}},
        {"config": {"quorum": 7}},
        {"config": {"quorum": "CANARY"}},
        {"config": ["CANARY"]},
        {"symbol": "A" * 500},
        {"symbol": "../../etc/CANARY"},
        {"symbol": ""},
        {"symbol": None},
        {"symbol": 7},
        {"technical_indicators": {"rsi_14": "CANARY"}},
        {"technical_indicators": {"no_such": 1.0}},
        {"timeout_seconds": 0},
        {"timeout_seconds": 301},
        {"timeout_seconds": "CANARY"},
        {"as_of": "CANARY"},
        {"news": [{"timestamp": "x", "source": "s", "title": "t"}]},
        {"account_info": {"equity": "CANARY"}},
        {"market_data": None},
        {"market_data": {"bars": "CANARY"}},
        {"surplus": "CANARY"},
    ],
)
async def test_bad_fields_are_refused_on_both_roads(client, change):
    check_problem(await client.post(ANALYZE, json=a_question(**change)), 422)
    consensus = a_consensus(**{name: value for name, value in change.items() if name not in a_consensus()["context"]})
    inside = {
        name: value
        for name, value in change.items()
        if name in ("market_data", "news", "account_info", "technical_indicators")
    }
    for name in inside:
        consensus.pop(name, None)
    consensus["context"].update(inside)
    check_problem(await client.post(CONSENSUS, json=consensus), 422)


async def test_both_names_of_the_agents_are_one_too_many(client):
    check_problem(await client.post(CONSENSUS, json=a_consensus(agents=["x"], required_agents=["x"])), 422)


@pytest.mark.parametrize(
    "body",
    [
        {"votes": "CANARY"},
        {"votes": {}},
        {"votes": None},
        {},
        [],
        7,
        "CANARY",
        {"votes": [], "config": {"method": "CANARY"}},
        {"votes": [], "config": {"strategy": "CANARY"}},
        {"votes": [], "config": {"weights": {"a": -1}}},
        {"votes": [], "config": []},
    ],
)
async def test_a_tally_that_cannot_be_is_refused(client, body):
    check_problem(await client.post(TALLY, json=body), 422)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"CANARY",
        b"{",
        b'{"votes": [NaN]}',
        b'{"votes": [Infinity]}',
        b'{"votes": [-Infinity]}',
        b'{"votes": [1e999]}',
        b'{"votes": ["\\ud800"]}',
        b'{"votes": ["\xed\xa0\x80"]}',
        b'{"votes": ["\xff"]}',
        b"\xef\xbb\xbf{}",
        b"[" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"votes":' * 10_000,
        b'{"votes": ' + b"[" * 33 + b"]" * 33 + b"}",
        b"\x00",
        b"{}{}",
    ],
)
@pytest.mark.parametrize("address", [ANALYZE, CONSENSUS, TALLY])
async def test_what_is_not_json_is_malformed(client, address, body):
    check_problem(await client.post(address, content=body, headers=JSON), 400)


@pytest.mark.parametrize("number", [nan, inf])
async def test_a_number_that_is_none_never_comes_out(client, number):
    sent = deepcopy(a_question())
    sent["market_data"]["close"][3] = number
    check_problem(await client.post(ANALYZE, content=json.dumps(sent).encode(), headers=JSON), 400)


async def test_32_levels_are_read(client):
    body = b'{"votes": ' + b"[" * 31 + b"]" * 31 + b"}"
    assert (await client.post(TALLY, content=body, headers=JSON)).status_code == 200


@pytest.mark.parametrize(("address", "limit"), [(ANALYZE, BARS_BODY), (CONSENSUS, BARS_BODY), (TALLY, SMALL_BODY)])
async def test_a_large_body_is_refused_with_and_without_its_length(client, address, limit):
    async def in_pieces():
        for _ in range(limit // 65_536 + 1):
            yield b" " * 65_536

    check_problem(await client.post(address, content=b" " * (limit + 1), headers=JSON), 413)
    check_problem(await client.post(address, content=in_pieces(), headers=JSON), 413)
    check_problem(await client.post(address, content=b" " * limit, headers=JSON), 400)


async def test_json_under_another_name_is_read(client):
    for content_type in ("application/json; charset=utf-8", "application/vnd.desk+json", "APPLICATION/JSON"):
        answer = await client.post(TALLY, content=b'{"votes": []}', headers={"Content-Type": content_type})
        assert answer.status_code == 200


async def test_what_nobody_expected_is_a_problem_without_a_trace(tmp_path):
    app = an_app(tmp_path, Broken())

    @app.get("/broken")
    async def broken():
        raise RuntimeError("CANARY")

    async with calling(app) as client:
        check_problem(await client.get("/broken"), 500)
        record = (await client.post(ANALYZE, json=a_question())).json()
        assert record["final_recommendation"] == "NO_DECISION"
        assert "CANARY" not in str(record)
