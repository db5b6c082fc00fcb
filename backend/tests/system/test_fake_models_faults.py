"""Each fault that can be switched on, as the vendors' own clients experience it."""

import asyncio
import json

import anthropic
import httpx
import ollama
import pydantic
import pytest

from app.domain.errors import InvalidInputError
from app.testing.fake_models.fault_kinds import KINDS, STATUSES
from app.testing.fake_models.server import FakeModels
from tests.system.fake_model_talk import (
    LLAMA,
    VOTE,
    a_request,
    a_search,
    answered,
    claude,
    claude_tool,
    llama,
    ollama_tool,
    perplexity,
    said,
    text_of,
    wanting,
)

HURRY = httpx.Timeout(10.0, read=0.2)


async def ask_claude(fakes, **changes):
    async with claude(fakes) as client:
        return await client.messages.create(**a_request(**changes))


async def stream_claude(fakes, **changes):
    async with claude(fakes) as client, client.messages.stream(**a_request(**changes)) as stream:
        return await stream.get_final_message()


async def ask_llama(fakes, **changes):
    async with llama(fakes) as client:
        return await client.chat(LLAMA, said(), **changes)


async def stream_llama(fakes, **changes):
    async with llama(fakes) as client:
        return [each async for each in await client.chat(LLAMA, said(), stream=True, **changes)]


async def search(fakes, **changes):
    async with perplexity(fakes) as client:
        return await client.post("/chat/completions", json=a_search(**changes))


CLASSES = {
    400: anthropic.BadRequestError,
    401: anthropic.AuthenticationError,
    403: anthropic.PermissionDeniedError,
    404: anthropic.NotFoundError,
    408: anthropic.RequestTimeoutError,
    409: anthropic.ConflictError,
    413: anthropic.ContentTooLargeError,
    429: anthropic.RateLimitError,
    500: anthropic.InternalServerError,
    502: anthropic.InternalServerError,
    503: anthropic.ServiceUnavailableError,
    529: anthropic.OverloadedError,
}


@pytest.mark.parametrize("status", STATUSES)
async def test_an_error_status_comes_with_each_vendors_own_document(fakes, status):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, f"status:{status}")

    with pytest.raises(CLASSES[status]) as of_claude:
        await ask_claude(fakes)
    with pytest.raises(CLASSES[status]):
        await stream_claude(fakes)
    with pytest.raises(ollama.ResponseError) as of_llama:
        await ask_llama(fakes)
    with pytest.raises(ollama.ResponseError) as of_stream:
        await stream_llama(fakes)
    found = await search(fakes)

    assert of_claude.value.body["error"]["message"]
    assert of_claude.value.request_id.startswith("req_")
    assert (of_llama.value.status_code, of_stream.value.status_code) == (status, status)
    assert of_llama.value.error
    assert found.status_code == status
    assert status == 401 or found.json()["error"]["code"] == status
    assert [each.status for each in fakes.requests] == [status] * 5


async def test_a_number_alone_is_a_status(fakes):
    fakes.fault("anthropic", "529", times=1)

    with pytest.raises(anthropic.OverloadedError):
        await ask_claude(fakes)


async def test_a_rate_limit_says_how_long_to_wait(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "retry_after:900")

    with pytest.raises(anthropic.RateLimitError) as caught:
        await ask_claude(fakes)
    with pytest.raises(ollama.ResponseError, match="too many requests"):
        await ask_llama(fakes)

    assert caught.value.response.headers["retry-after"] == "900"
    assert (await search(fakes)).headers["retry-after"] == "900"


async def test_a_client_that_may_retry_gets_through_when_the_fault_has_struck(fakes):
    fakes.fault("anthropic", "retry_after:0", times=2)

    async with claude(fakes, max_retries=2) as client:
        message = await client.messages.create(**a_request())

    assert message.stop_reason == "end_turn"
    assert [each.status for each in fakes.requests] == [429, 429, 200]


async def test_a_server_that_hangs_lets_clients_run_into_their_timeouts(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "hang")

    async with claude(fakes, timeout=anthropic.Timeout(10.0, read=0.2)) as client:
        with pytest.raises(anthropic.APITimeoutError):
            await client.messages.create(**a_request())
    async with llama(fakes, timeout=HURRY) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.chat(LLAMA, said())
        with pytest.raises(httpx.ReadTimeout):
            async for _ in await client.chat(LLAMA, said(), stream=True):
                pass
    async with perplexity(fakes) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/chat/completions", json=a_search(), timeout=HURRY)

    await fakes.settled()
    assert [(each.status, each.fault) for each in fakes.requests] == [(None, ("hang",))] * 4


async def test_a_server_that_hangs_still_stops_at_once():
    async with FakeModels() as fakes:
        fakes.fault("ollama", "hang")
        waiting = asyncio.create_task(ask_llama(fakes))
        await fakes.received(1)

    with pytest.raises(httpx.RemoteProtocolError):
        await waiting


async def test_a_socket_that_is_dropped_gives_no_answer(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "drop")

    with pytest.raises(anthropic.APIConnectionError):
        await ask_claude(fakes)
    with pytest.raises(httpx.RemoteProtocolError):
        await ask_llama(fakes)
    with pytest.raises(httpx.RemoteProtocolError):
        await stream_llama(fakes)
    with pytest.raises(httpx.RemoteProtocolError):
        await search(fakes)


async def test_an_answer_cut_in_the_middle_breaks_the_connection(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "cut")

    with pytest.raises(anthropic.APIConnectionError):
        await ask_claude(fakes)
    with pytest.raises(httpx.RemoteProtocolError):
        await ask_llama(fakes)
    with pytest.raises(httpx.RemoteProtocolError):
        await search(fakes)


async def test_a_stream_cut_short_ends_quietly(fakes):
    fakes.fault("anthropic", "cut")
    fakes.fault("ollama", "cut")

    message = await stream_claude(fakes)
    chunks = await stream_llama(fakes)

    assert message.stop_reason is None
    assert message.content
    assert chunks
    assert not any(each.done for each in chunks)


async def test_a_stream_may_also_break_with_its_connection(fakes):
    fakes.fault("anthropic", "cut:socket")
    fakes.fault("ollama", "cut:socket")

    with pytest.raises(Exception, match="incomplete chunked read") as caught:
        await stream_claude(fakes)
    assert type(caught.value).__name__ in {"APIConnectionError", "RemoteProtocolError"}
    with pytest.raises(httpx.RemoteProtocolError):
        await stream_llama(fakes)


async def test_a_web_page_is_no_answer(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "html")

    assert isinstance(await ask_claude(fakes), str)
    with pytest.raises(AssertionError):
        await stream_claude(fakes)
    with pytest.raises(json.JSONDecodeError):
        await ask_llama(fakes)
    with pytest.raises(json.JSONDecodeError):
        await stream_llama(fakes)
    assert (await search(fakes)).headers["content-type"].startswith("text/html")


async def test_an_empty_object_is_no_answer(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "empty_json")

    assert (await ask_claude(fakes)).content is None
    with pytest.raises(pydantic.ValidationError):
        await ask_llama(fakes)
    assert (await search(fakes)).json() == {}


async def test_json_of_another_shape_is_no_answer(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "wrong_shape")

    assert (await ask_claude(fakes)).content == 1
    with pytest.raises(pydantic.ValidationError):
        await ask_llama(fakes)
    with pytest.raises(pydantic.ValidationError):
        await stream_llama(fakes)
    assert (await search(fakes)).json()["choices"] == 1


async def test_json_that_breaks_off_cannot_be_read(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "bad_json")

    for ask in (ask_claude, stream_claude, ask_llama, stream_llama):
        with pytest.raises(json.JSONDecodeError):
            await ask(fakes)
    with pytest.raises(json.JSONDecodeError):
        (await search(fakes)).json()


async def test_an_error_in_the_middle_of_a_stream_comes_under_status_200(fakes):
    fakes.fault("anthropic", "stream_error")
    fakes.fault("ollama", "stream_error")
    fakes.fault("perplexity", "stream_error")

    with pytest.raises(anthropic.APIStatusError) as of_claude:
        await stream_claude(fakes)
    with pytest.raises(ollama.ResponseError) as of_llama:
        await stream_llama(fakes)

    assert (of_claude.value.status_code, of_claude.value.type) == (200, "overloaded_error")
    assert of_llama.value.status_code == -1
    assert '"internal_server_error"' in (await search(fakes, stream=True)).text


async def test_an_error_in_a_stream_waits_for_a_stream(fakes):
    fakes.fault("ollama", "stream_error", times=1)

    assert (await ask_llama(fakes)).done
    with pytest.raises(ollama.ResponseError):
        await stream_llama(fakes)
    assert (await stream_llama(fakes))[-1].done


async def test_an_empty_line_in_a_stream_stumbles_ollamas_client(fakes):
    fakes.fault("ollama", "blank_line")

    with pytest.raises(json.JSONDecodeError):
        await stream_llama(fakes)


async def test_a_slow_server_outlasts_a_timeout_on_each_read(fakes):
    fakes.fault("ollama", "slow", times=1)

    async with llama(fakes, timeout=HURRY) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.chat(LLAMA, said())
    await fakes.settled()


async def test_a_slow_server_defeats_a_timeout_that_counts_only_silence(fakes):
    fakes.fault("anthropic", "slow:0")
    fakes.fault("ollama", "slow:0")

    whole, streamed, of_llama = await asyncio.gather(
        ask_claude(fakes, max_tokens=40),
        stream_claude(fakes, max_tokens=40),
        ask_llama(fakes, options={"num_predict": 9}),
    )

    assert text_of(whole) == text_of(streamed)
    assert of_llama.done


async def test_ten_megabytes_arrive_whole(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "huge")

    messages = [await ask_claude(fakes), await stream_claude(fakes)]
    assert [len(text_of(each)) > 10_000_000 for each in messages] == [True, True]
    assert len((await ask_llama(fakes)).message.content) > 10_000_000
    assert len("".join(each.message.content for each in await stream_llama(fakes))) > 10_000_000
    assert len((await search(fakes)).content) > 10_000_000


async def test_a_schema_may_be_ignored(fakes):
    fakes.fault("anthropic", "schema_ignored", times=1)
    fakes.fault("ollama", "schema_ignored", times=1)

    message = await ask_claude(fakes, output_config=wanting())
    chat = await ask_llama(fakes, format=VOTE)

    assert (message.stop_reason, "{" in text_of(message)) == ("end_turn", False)
    assert (chat.done_reason, "{" in chat.message.content) == ("stop", False)


async def test_a_fault_of_the_answer_waits_while_tools_are_asked_for(fakes):
    fakes.fault("anthropic", "schema_ignored", times=1)
    request = {"tools": [claude_tool()], "output_config": wanting()}

    first = await ask_claude(fakes, **request)
    second = await ask_claude(fakes, **request, messages=said() + answered(first))

    assert first.stop_reason == "tool_use"
    assert "{" not in text_of(second)


async def test_a_confidence_may_be_out_of_range(fakes):
    fakes.fault("anthropic", "out_of_range")
    fakes.fault("ollama", "out_of_range")
    tone = {**VOTE, "properties": {"sentiment": {"type": "number"}}, "required": ["sentiment"]}

    assert json.loads(text_of(await ask_claude(fakes, output_config=wanting())))["confidence"] == 85
    assert json.loads((await ask_llama(fakes, format=VOTE)).message.content)["confidence"] == 85
    assert json.loads((await ask_llama(fakes, format=tone)).message.content) == {"sentiment": 85}


async def test_arguments_may_be_ones_no_tool_takes(fakes):
    fakes.fault("anthropic", "bad_tool_arguments")
    fakes.fault("ollama", "bad_tool_arguments")

    message = await ask_claude(fakes, tools=[claude_tool()])
    chat = await ask_llama(fakes, tools=[ollama_tool()])

    assert message.content[-1].input == {"no_such_argument": ["not", "asked", "for"]}
    assert chat.message.tool_calls[0].function.arguments == {"no_such_argument": ["not", "asked", "for"]}


async def test_a_tool_may_be_called_that_nobody_offered(fakes):
    fakes.fault("anthropic", "unknown_tool", times=1)
    fakes.fault("ollama", "unknown_tool", times=1)

    message = await ask_claude(fakes, tools=[claude_tool()])
    chat = await ask_llama(fakes, tools=[ollama_tool()])

    assert [block.name for block in message.content if block.type == "tool_use"] == ["consult_the_oracle"]
    assert [call.function.name for call in chat.message.tool_calls] == ["consult_the_oracle"]
    assert (
        await ask_claude(fakes, messages=said() + answered(message), tools=[claude_tool()])
    ).stop_reason == "end_turn"


async def test_tools_may_be_asked_for_for_ever(fakes):
    fakes.fault("anthropic", "tool_loop")
    messages, reasons = said(), []

    for _ in range(4):
        message = await ask_claude(fakes, messages=messages, tools=[claude_tool()])
        messages += answered(message)
        reasons.append(message.stop_reason)

    assert reasons == ["tool_use"] * 4
    assert (await ask_claude(fakes)).stop_reason == "end_turn"


async def test_an_answer_may_stop_at_the_token_limit(fakes):
    for provider in ("anthropic", "ollama", "perplexity"):
        fakes.fault(provider, "max_tokens")

    message = await ask_claude(fakes, output_config=wanting())
    assert message.stop_reason == "max_tokens"
    with pytest.raises(json.JSONDecodeError):
        json.loads(text_of(message))
    assert (await ask_llama(fakes)).done_reason == "length"
    assert (await stream_llama(fakes))[-1].done_reason == "length"
    assert (await search(fakes)).json()["choices"][0]["finish_reason"] == "length"


async def test_a_model_may_decline(fakes):
    fakes.fault("anthropic", "refusal")
    fakes.fault("ollama", "refusal")

    for message in (await ask_claude(fakes), await stream_claude(fakes)):
        assert (message.stop_reason, message.content, message.stop_details.type) == ("refusal", [], "refusal")
    assert "not able to help" in (await ask_llama(fakes)).message.content


async def test_a_fault_strikes_as_often_as_it_was_told_to(fakes):
    fakes.fault("ollama", "status:500", times=2)

    for _ in range(2):
        with pytest.raises(ollama.ResponseError):
            await ask_llama(fakes)
    assert (await ask_llama(fakes)).done


async def test_a_fault_lets_the_first_requests_pass(fakes):
    fakes.fault("ollama", "status:500", times=1, after=2)

    assert (await ask_llama(fakes)).done
    assert (await ask_llama(fakes)).done
    with pytest.raises(ollama.ResponseError):
        await ask_llama(fakes)
    assert (await ask_llama(fakes)).done


async def test_a_fault_strikes_only_where_its_text_occurs(fakes):
    fakes.fault("anthropic", "status:500", match="TSLA")

    assert (await ask_claude(fakes, messages=said("symbol AAPL"))).stop_reason == "end_turn"
    with pytest.raises(anthropic.InternalServerError):
        await ask_claude(fakes, messages=said("symbol TSLA"))


async def test_a_fault_of_one_vendor_leaves_the_others_alone(fakes):
    fakes.fault("anthropic", "hang")

    assert (await ask_llama(fakes)).done
    assert (await search(fakes)).status_code == 200


async def test_a_fault_may_wait_on_another_route_than_the_models(fakes):
    fakes.fault("ollama", "status:503", path="/api/tags")

    async with llama(fakes) as client:
        assert (await client.chat(LLAMA, said())).done
        with pytest.raises(ollama.ResponseError):
            await client.list()


async def test_faults_that_were_cleared_strike_no_more(fakes):
    fakes.fault("ollama", "hang")
    fakes.clear()

    assert (await ask_llama(fakes)).done


@pytest.mark.parametrize(
    ("provider", "fault", "words"),
    [
        ("openai", "hang", "Choose anthropic, ollama or perplexity"),
        ("ollama", "explode", "Choose status"),
        ("ollama", "status", "such as status:529"),
        ("ollama", "status:418", "such as status:529"),
        ("ollama", "retry_after", "such as retry_after:900"),
        ("ollama", "retry_after:soon", "such as retry_after:900"),
        ("ollama", "hang:5", "does not go with that value"),
        ("ollama", "cut:paper", "cut:socket"),
        ("ollama", "slow:very", "slow:0.1"),
        ("anthropic", "blank_line", "for ollama alone"),
    ],
)
async def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(fakes, provider, fault, words):
    with pytest.raises(InvalidInputError, match=words):
        fakes.fault(provider, fault)


async def test_every_kind_of_fault_can_be_switched_on_and_is_listed(fakes):
    values = {"status": ":500", "retry_after": ":1"}
    for kind in KINDS:
        fakes.fault("ollama", kind + values.get(kind, ""))

    async with httpx.AsyncClient(base_url=fakes.url) as client:
        listed = (await client.get("/_control")).json()["faults"]
    assert [each["fault"].partition(":")[0] for each in listed] == list(KINDS)
