"""The same Idempotency-Key and body get the first answer again."""

import asyncio

import pytest

from app.domain.errors import StoreUnavailableError
from tests.system.web_desk import Waiter, a_consensus, a_question, an_app, calling

ANALYZE, CONSENSUS, TALLY = "/api/v1/agents/analyze", "/api/v1/agents/consensus", "/api/v1/consensus/tally"
BODIES = {ANALYZE: a_question(), CONSENSUS: a_consensus(), TALLY: {"votes": [], "config": {"method": "majority"}}}
KEYED = {"Idempotency-Key": "order-1"}


@pytest.fixture
async def client(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        yield client


@pytest.mark.parametrize("address", BODIES)
async def test_the_first_answer_comes_again(client, address):
    first = await client.post(address, json=BODIES[address], headers=KEYED)
    again = await client.post(address, json=BODIES[address], headers=KEYED)

    assert first.is_success
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


async def test_another_spelling_of_the_same_json_is_the_same_body(client):
    head = {**KEYED, "Content-Type": "application/json"}
    first = await client.post(TALLY, content=b'{"votes":[],"config":{"quorum":0.5}}', headers=head)
    again = await client.post(TALLY, content=b'{ "config": {"quorum": 5e-1}, "votes": [] }', headers=head)

    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("address", BODIES)
async def test_another_body_or_address_is_refused(client, address):
    await client.post(TALLY, json={"votes": [1]}, headers=KEYED)
    answer = await client.post(address, json=BODIES[address], headers=KEYED)

    assert answer.status_code == 422
    assert "order-1" not in answer.text


async def test_without_a_key_each_request_is_its_own(client):
    first = await client.post(ANALYZE, json=a_question())
    assert (await client.post(ANALYZE, json=a_question())).json()["decision_id"] != first.json()["decision_id"]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "\u00e9"])
async def test_a_key_that_is_none_is_refused(client, key):
    answer = await client.post(TALLY, json={"votes": []}, headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_key_of_200_characters_is_one(client):
    assert (await client.post(TALLY, json={"votes": []}, headers={"Idempotency-Key": "x" * 200})).status_code == 200


async def test_while_the_first_runs_the_second_is_told_to_wait(tmp_path):
    waiter = Waiter()
    async with calling(an_app(tmp_path, waiter)) as client:
        first = asyncio.create_task(client.post(ANALYZE, json=a_question(), headers=KEYED))
        await waiter.called.wait()
        early = await client.post(ANALYZE, json=a_question(), headers=KEYED)
        other = await client.post(ANALYZE, json=a_question(symbol="MSFT"), headers=KEYED)
        waiter.let_go.set()
        answered = await first
        again = await client.post(ANALYZE, json=a_question(), headers=KEYED)

    assert (early.status_code, early.headers["retry-after"]) == (409, "1")
    assert other.status_code == 422
    assert again.content == answered.content


async def test_many_at_once_decide_once(client):
    answers = await asyncio.gather(*(client.post(ANALYZE, json=a_question(), headers=KEYED) for _ in range(20)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert len((await client.get("/api/v1/decisions")).json()["items"]) == 1


@pytest.mark.parametrize("address", [ANALYZE, CONSENSUS])
async def test_a_refusal_is_not_kept(client, address):
    body = {**BODIES[address], "method": "nonsense"}
    assert (await client.post(address, json=body, headers=KEYED)).status_code == 422
    assert (await client.post(address, json=BODIES[address], headers=KEYED)).is_success


async def test_an_outage_is_not_kept(tmp_path):
    app = an_app(tmp_path)
    async with calling(app) as client:
        store = (await app.state.system.start()).store
        kept = store.append

        async def down(_draft):
            raise StoreUnavailableError("The disk is full; nothing was stored.")

        store.append = down
        failed = await client.post(ANALYZE, json=a_question(), headers=KEYED)
        store.append = kept
        assert (failed.status_code, failed.headers["retry-after"]) == (503, "1")
        assert (await client.post(ANALYZE, json=a_question(), headers=KEYED)).status_code == 200


async def test_the_answer_survives_a_restart(tmp_path):
    async with calling(an_app(tmp_path)) as client:
        first = {
            address: await client.post(address, json=BODIES[address], headers={"Idempotency-Key": address})
            for address in BODIES
        }
    async with calling(an_app(tmp_path)) as client:
        for address, before in first.items():
            after = await client.post(address, json=BODIES[address], headers={"Idempotency-Key": address})
            assert after.content == before.content


async def test_a_key_works_with_numbers_beyond_exact_integers(client):
    body = {"votes": [], "config": {"position": 2**60}}
    first = await client.post(TALLY, json=body, headers=KEYED)
    assert (await client.post(TALLY, json=body, headers=KEYED)).content == first.content
