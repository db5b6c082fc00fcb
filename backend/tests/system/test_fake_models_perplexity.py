"""What the stand-in for Perplexity refuses and how it names its sources."""

import json

import pytest

from tests.system.fake_model_talk import VOTE, a_search, perplexity, said


@pytest.fixture
async def client(fakes):
    async with perplexity(fakes) as client:
        yield client


async def asked(client, **changes):
    answer = await client.post("/chat/completions", json=a_search(**changes))
    return answer.status_code, answer.json()


async def test_the_answer_is_a_chat_completion(client):
    status, answer = await asked(client)

    assert (status, answer["object"], answer["model"]) == (200, "chat.completion", "sonar")
    (choice,) = answer["choices"]
    assert (choice["finish_reason"], choice["message"]["role"]) == ("stop", "assistant")
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert set(answer["search_results"][0]) == {"title", "url", "date"}


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer another"}, {"Authorization": ""}])
async def test_a_wrong_or_missing_key_gets_a_web_page(fakes, headers):
    async with perplexity(fakes, headers=headers) as client:
        answer = await client.post("/chat/completions", json=a_search())

    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html")
    assert "401 Authorization Required" in answer.text


async def test_the_key_may_come_in_a_header_of_its_own(fakes):
    async with perplexity(fakes, headers={"x-api-key": fakes.key}) as client:
        assert (await asked(client))[0] == 200


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"model": "sonar-tiny"}, "invalid_model"),
        ({"model": None}, "invalid_model"),
        ({"messages": []}, "invalid_message"),
        ({"messages": [{"role": "user"}]}, "invalid_message"),
        ({"messages": [*said(), {"role": "assistant", "content": "Well"}]}, "invalid_message"),
        ({"messages": [*said(), *said()]}, "invalid_message"),
        ({"max_tokens": 0}, "bad_request"),
        ({"search_domain_filter": "example.com"}, "bad_request"),
        ({"response_format": {"type": "json_schema"}}, "bad_request"),
    ],
)
async def test_a_malformed_search_is_refused(client, changes, kind):
    status, answer = await asked(client, **changes)

    assert (status, answer["error"]["code"], answer["error"]["type"]) == (400, 400, kind)


async def test_sources_obey_the_domain_filter(client):
    _, wanted = await asked(client, search_domain_filter=["sec.example"])
    _, unwanted = await asked(client, search_domain_filter=["-news.example.com"])

    assert [url.split("/")[2] for url in wanted["citations"]] == ["sec.example"]
    assert [url.split("/")[2] for url in unwanted["citations"]] == ["filings.example.org", "markets.example.net"]


async def test_without_a_day_in_the_question_sources_are_as_new_as_today(client):
    _, answer = await asked(client, messages=said("What is new about symbol AAPL?"))

    assert "AAPL" in answer["search_results"][0]["title"]
    assert answer["search_results"][0]["date"] > "2026"


async def test_a_stream_ends_with_the_sources(client):
    async with client.stream("POST", "/chat/completions", json=a_search(stream=True)) as answer:
        events = [json.loads(line.removeprefix("data: ")) async for line in answer.aiter_lines() if line]

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "stand-in" in "".join(each["choices"][0]["delta"]["content"] for each in events)
    assert [each["choices"][0]["finish_reason"] for each in events] == [None] * (len(events) - 1) + ["stop"]
    assert events[-1]["citations"]


async def test_a_model_that_reasons_thinks_aloud_at_the_head(client):
    _, answer = await asked(client, model="sonar-reasoning")

    assert answer["choices"][0]["message"]["content"].startswith("<think>")


async def test_a_schema_is_followed(client):
    form = {"type": "json_schema", "json_schema": {"schema": VOTE}}
    _, answer = await asked(client, response_format=form)

    assert set(json.loads(answer["choices"][0]["message"]["content"])) == set(VOTE["properties"])
