"""What the stand-in for Ollama refuses and overlooks; asked bare where Ollama's own client would correct us."""

import json

import httpx
import ollama
import pytest

from tests.system.fake_model_talk import LLAMA, VOTE, an_object, llama, ollama_tool, said


@pytest.fixture
async def client(fakes):
    async with llama(fakes) as client:
        yield client


@pytest.fixture
async def bare(fakes):
    """A client that says what it is told to say."""
    async with httpx.AsyncClient(base_url=fakes.ollama_url, timeout=10.0) as client:
        yield client


def a_chat(**changes):
    return {"model": LLAMA, "messages": said(), "stream": False, **changes}


async def test_a_model_that_is_not_installed_is_not_found(client):
    with pytest.raises(ollama.ResponseError, match="model 'llama9' not found") as caught:
        await client.chat("llama9", said())

    assert caught.value.status_code == 404


async def test_a_model_without_a_tag_is_the_latest(client):
    assert (await client.chat("llama3.2:latest", said())).done
    with pytest.raises(ollama.ResponseError, match="not found"):
        await client.chat("llama3.2:70b", said())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": ""}, "model is required"),
        ({"model": None}, "model is required"),
        ({"messages": "hello"}, "ChatRequest.messages of type []api.Message"),
        ({"messages": ["hello"]}, "ChatRequest.messages of type api.Message"),
        ({"messages": [{"role": "user", "content": ["hello"]}]}, "messages.content of type string"),
        ({"messages": [{"role": "wizard", "content": "hello"}]}, "invalid role"),
        ({"messages": [{"role": "user", "content": "hello", "tool_calls": {}}]}, "tool_calls"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "x", "arguments": "{}"}}]}]}, "map"),
        ({"tools": {}}, "ChatRequest.tools of type api.Tools"),
        ({"tools": [{"type": "function"}]}, "tools.function"),
        ({"format": "xml"}, "invalid format"),
        ({"format": {"type": "colour"}}, "invalid format"),
        ({"options": {"num_ctx": "8192"}}, 'option "num_ctx" must be of type integer'),
        ({"options": {"temperature": "hot"}}, 'option "temperature" must be of type float32'),
        ({"stream": "no"}, "ChatRequest.stream of type bool"),
        ({"think": "perhaps"}, "invalid think value"),
        ({"think": True}, '"llama3.2:latest" does not support thinking'),
        ({"model": "gemma2:2b", "tools": [ollama_tool()]}, "gemma2:2b does not support tools"),
    ],
)
async def test_a_malformed_chat_is_refused_in_one_sentence(bare, changes, words):
    answer = await bare.post("/api/chat", json=a_chat(**changes))

    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


async def test_a_field_that_nobody_knows_is_overlooked(bare):
    assert (await bare.post("/api/chat", json=a_chat(colour="red"))).status_code == 200


async def test_a_body_that_is_no_json_is_refused(bare):
    assert (await bare.post("/api/chat", content=b"{")).status_code == 400


async def test_who_does_not_say_otherwise_gets_a_stream(bare):
    answer = await bare.post("/api/chat", json={"model": LLAMA, "messages": said()})

    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert (len(lines) > 1, lines[0]["done"], lines[-1]["done"]) == (True, False, True)


async def test_a_format_keeps_tools_from_being_called(client):
    answer = await client.chat(LLAMA, said(), tools=[ollama_tool()], format=VOTE)

    assert answer.message.tool_calls is None
    assert set(json.loads(answer.message.content)) == set(VOTE["properties"])


async def test_the_format_json_gives_an_object_of_the_models_own_making(client):
    answer = await client.chat(LLAMA, said(), format="json")

    assert json.loads(answer.message.content)["decision"] == "ABSTAIN"


async def test_limits_defaults_and_alternatives_of_tools_do_not_reach_the_model(bare):
    schema = an_object(
        count={"type": "integer", "minimum": 5, "default": 7},
        size={"anyOf": [{"type": "number", "minimum": 5}]},
        side={"type": "string", "enum": ["buy", "sell"]},
        inner=an_object(field={"type": "number"}),
    )

    answer = await bare.post("/api/chat", json=a_chat(tools=[ollama_tool(schema=schema)]))

    (call,) = answer.json()["message"]["tool_calls"]
    assert call["function"]["arguments"] == {"count": 0, "size": None, "side": "buy", "inner": {}}


async def test_limits_of_a_format_are_kept(bare):
    schema = an_object(count={"type": "integer", "minimum": 5}, loss={"type": "number", "maximum": -2})

    answer = await bare.post("/api/chat", json=a_chat(format=schema))

    assert json.loads(answer.json()["message"]["content"]) == {"count": 5, "loss": -2}


async def test_calls_have_no_ids_and_ids_are_overlooked(bare):
    first = (await bare.post("/api/chat", json=a_chat(tools=[ollama_tool()]))).json()["message"]
    assert [set(call) for call in first["tool_calls"]] == [{"function"}]

    result = {"role": "tool", "tool_name": "compute_indicators", "tool_call_id": "nobody's", "content": '{"rsi_14": 9}'}
    second = await bare.post("/api/chat", json=a_chat(messages=[*said(), first, result], tools=[ollama_tool()]))

    assert "rsi_14 9" in second.json()["message"]["content"]


async def test_counters_that_are_zero_are_left_out(bare):
    talking = (await bare.post("/api/chat", json=a_chat())).json()
    silent = (await bare.post("/api/chat", json=a_chat(messages=[]))).json()

    assert {"prompt_eval_count", "eval_count"} <= set(talking)
    assert {"prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"}.isdisjoint(silent)
    assert isinstance(talking["total_duration"], int)


@pytest.mark.parametrize(
    ("more", "reason"), [({}, "load"), ({"keep_alive": 0}, "unload"), ({"keep_alive": "5m"}, "load")]
)
async def test_without_messages_a_model_is_only_loaded_or_unloaded(client, more, reason):
    answer = await client.chat(LLAMA, [], **more)

    assert (answer.done, answer.done_reason, answer.message.content) == (True, reason, "")


async def test_what_does_not_fit_the_context_is_silently_forgotten(client):
    long_talk = [
        {"role": "system", "content": "Be brief."},
        *said("rsi_14 is 5. " + "x" * 9_000),
        *said("roc_10 is 9."),
    ]

    wide = await client.chat(LLAMA, long_talk, options={"num_ctx": 8_192})
    narrow = await client.chat(LLAMA, long_talk, options={"num_ctx": 1_024})

    assert "rsi_14 5" in wide.message.content
    assert "rsi_14" not in narrow.message.content
    assert narrow.prompt_eval_count <= 1_024 < wide.prompt_eval_count


async def test_a_last_message_that_does_not_fit_is_cut(client):
    answer = await client.chat(LLAMA, said("x" * 40_000), options={"num_ctx": 1_024})

    assert answer.prompt_eval_count <= 1_024


async def test_a_token_limit_that_is_reached_ends_the_answer(client):
    answer = await client.chat(LLAMA, said(), options={"num_predict": 5})

    assert (answer.done_reason, len(answer.message.content)) == ("length", 20)


async def test_a_model_that_thinks_shows_it_when_asked(client):
    shown = await client.chat("qwen3", said(), think=True)
    streamed = [each async for each in await client.chat("qwen3", said(), think=True, stream=True)]

    assert shown.message.thinking
    assert "".join(each.message.thinking or "" for each in streamed) == shown.message.thinking
    assert (await client.chat("qwen3", said())).message.thinking is None


async def test_the_listings_say_what_is_installed_and_what_it_can(client, bare):
    names = [each.model for each in (await client.list()).models]

    assert {"llama3.2:latest", "qwen3:latest", "gemma2:2b"} <= set(names)
    assert (await client.show("qwen3")).capabilities == ["completion", "tools", "thinking"]
    assert (await client.show("llama3.2")).capabilities == ["completion", "tools"]
    assert (await client.show("gemma2:2b")).capabilities == ["completion"]
    assert [each.model for each in (await client.ps()).models] == ["llama3.2:latest"]
    assert (await bare.get("/api/version")).json() == {"version": "0.31.2"}


async def test_an_unknown_model_cannot_be_shown(client):
    with pytest.raises(ollama.ResponseError, match="not found"):
        await client.show("llama9")
