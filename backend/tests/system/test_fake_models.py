"""The stand-ins for the model vendors, talked to by the vendors' own clients: what goes well."""

import json

import pytest

from app.domain.errors import InvalidInputError, UnknownNameError
from app.testing.fake_models.server import FakeModels
from tests.system.fake_model_talk import (
    CLAUDE,
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


async def test_claude_asks_for_tools_and_then_votes_by_what_they_said(fakes):
    request = a_request(tools=[claude_tool(), claude_tool("assess_risk")], output_config=wanting())
    async with claude(fakes) as client:
        first = await client.messages.create(**request)
        second = await client.messages.create(**{**request, "messages": said() + answered(first)})

    assert [block.type for block in first.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert first.stop_reason == "tool_use"
    vote = json.loads(text_of(second))
    assert (second.stop_reason, vote["decision"]) == ("end_turn", "BUY")
    assert list(vote) == list(VOTE["properties"])
    assert "rsi_14 41.5" in vote["reasoning"]
    assert vote["stop_loss"] == 101.5 - 2 * 1.5


async def test_claude_streams_what_it_would_have_sent_whole(fakes):
    request = a_request(tools=[claude_tool()], output_config=wanting())
    async with claude(fakes) as client:
        whole = await client.messages.create(**request)
        async with client.messages.stream(**request) as stream:
            events = [event.type async for event in stream]
            streamed = await stream.get_final_message()

    assert [block.to_dict() for block in streamed.content] == [block.to_dict() for block in whole.content]
    assert (streamed.stop_reason, streamed.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
    assert {"message_start", "content_block_delta", "input_json", "message_stop"} <= set(events)


async def test_llama_asks_for_tools_and_votes_in_a_second_phase(fakes):
    async with llama(fakes) as client:
        first = await client.chat(LLAMA, said(), tools=[ollama_tool()])
        results = [{"role": "tool", "tool_name": "compute_indicators", "content": '{"rsi_14": 20.1}'}]
        second = await client.chat(LLAMA, [*said(), first.message, *results], format=VOTE)

    assert [call.function.name for call in first.message.tool_calls] == ["compute_indicators"]
    assert (second.done_reason, json.loads(second.message.content)["decision"]) == ("stop", "STRONG_BUY")
    assert second.eval_count > 0


async def test_llama_streams_fragments_and_whole_tool_calls(fakes):
    async with llama(fakes) as client:
        chunks = [each async for each in await client.chat(LLAMA, said(), tools=[ollama_tool()], stream=True)]

    assert "".join(each.message.content for each in chunks) == "Before I judge I need compute_indicators."
    assert sum(len(each.message.tool_calls or ()) for each in chunks) == 1
    assert [each.done for each in chunks] == [False] * (len(chunks) - 1) + [True]


async def test_perplexity_names_its_sources(fakes):
    async with perplexity(fakes) as client:
        answer = (await client.post("/chat/completions", json=a_search())).json()

    assert answer["citations"] == [each["url"] for each in answer["search_results"]]
    assert {each["date"] for each in answer["search_results"]} == {"2026-05-04", "2026-05-03", "2026-05-02"}
    assert "searched nothing" in answer["choices"][0]["message"]["content"]


async def test_every_request_is_kept_with_what_was_asked_and_answered(fakes):
    async with claude(fakes) as client, llama(fakes) as other:
        await client.messages.create(**a_request())
        await other.list()
        await other.chat(LLAMA, said())

    assert [(each.provider, each.model, each.status) for each in fakes.requests] == [
        ("anthropic", CLAUDE, 200),
        ("ollama", None, 200),
        ("ollama", LLAMA, 200),
    ]
    assert fakes.asked("ollama")[0].body["messages"] == said()


async def test_a_server_that_was_cleared_knows_nothing_of_before(fakes):
    fakes.fault("ollama", "status:500")
    async with llama(fakes) as client:
        await client.list()
        fakes.clear()
        assert fakes.requests == []
        await client.chat(LLAMA, said())


async def test_a_brain_that_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="numbers"):
        FakeModels(brain="clever")


async def test_a_port_that_is_taken_is_said_plainly(fakes):
    port = int(fakes.url.rpartition(":")[2])
    with pytest.raises(InvalidInputError, match=f"port {port}"):
        async with FakeModels(port=port):
            pass
