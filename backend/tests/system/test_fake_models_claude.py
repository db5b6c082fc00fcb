"""What the stand-in for Claude refuses, drops and insists on, seen through Anthropic's own client."""

import json
from copy import deepcopy

import anthropic
import httpx
import pytest

from tests.system.fake_model_talk import (
    NO_ARGUMENTS,
    VOTE,
    a_request,
    an_object,
    answered,
    claude,
    claude_tool,
    nullable,
    said,
    text_of,
    wanting,
)


@pytest.fixture
async def client(fakes):
    async with claude(fakes) as client:
        yield client


async def refusal(client, **changes):
    """Have a request refused and return the vendor's words."""
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.messages.create(**a_request(**changes))
    error = caught.value
    assert (error.body["type"], error.body["error"]["type"]) == ("error", "invalid_request_error")
    assert error.request_id == error.body["request_id"]
    return error.body["error"]["message"]


async def refusal_of_raw(fakes, body, status=400, **headers):
    """Have a request refused that the client itself would not send."""
    usual = {"x-api-key": fakes.key, "anthropic-version": "2026-10-21"}
    async with httpx.AsyncClient(base_url=fakes.anthropic_url) as client:
        content = body if isinstance(body, bytes) else json.dumps(body)
        answer = await client.post("/v1/messages", content=content, headers={**usual, **headers})
    assert (answer.status_code, answer.json()["type"]) == (status, "error")
    return answer.json()["error"]


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
async def test_sampling_arguments_are_refused_even_at_their_defaults(client, name):
    assert (await refusal(client, extra_body={name: 1})).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"extra_body": {"temprature": 1}}, "temprature: Extra inputs are not permitted"),
        ({"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 128_001}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"model": 5}, "model: "),
        ({"system": 5}, "system: "),
        ({"extra_body": {"stream": "yes"}}, "stream: "),
        ({"output_config": {"effort": "enormous"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "json"}}}, "output_config.format"),
        ({"output_config": {"color": 1}}, "output_config"),
        ({"thinking": {"type": "sometimes"}}, "thinking"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1_023}}, "budget_tokens"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2_048}}, "budget_tokens"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": {}}, "messages: "),
        ({"messages": [{"role": "assistant", "content": "BUY"}]}, "first message must use"),
        ({"messages": [{"role": "tool", "content": "BUY"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "  "}]}]}, "non-empty"),
        ({"messages": [{"role": "user", "content": []}]}, "non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "sound"}]}]}, "messages.0.content.0"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, "tool_use_id: Field required"),
        ({"messages": [*said(), {"role": "assistant", "content": '{"decision":'}]}, "prefill"),
    ],
)
async def test_what_is_missing_unknown_or_of_the_wrong_kind_is_refused(client, changes, words):
    assert words in await refusal(client, **changes)


@pytest.mark.parametrize("name", ["model", "max_tokens", "messages"])
async def test_a_required_field_that_is_missing_is_named(fakes, name):
    error = await refusal_of_raw(fakes, a_request(**{name: None}))

    assert error == {"type": "invalid_request_error", "message": f"{name}: Field required"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
async def test_a_body_that_is_no_json_object_is_refused(fakes, body):
    assert (await refusal_of_raw(fakes, body))["type"] == "invalid_request_error"


async def test_a_key_that_is_wrong_is_an_authentication_error(fakes):
    async with claude(fakes, api_key="another") as client:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(**a_request())


async def test_a_key_that_is_missing_is_an_authentication_error(fakes):
    error = await refusal_of_raw(fakes, a_request(), 401, **{"x-api-key": ""})

    assert error["type"] == "authentication_error"


async def test_the_key_may_come_as_a_bearer_too(fakes):
    headers = {"authorization": f"Bearer {fakes.key}", "anthropic-version": "2026-10-21"}
    async with httpx.AsyncClient(base_url=fakes.anthropic_url) as client:
        assert (await client.post("/v1/messages", json=a_request(), headers=headers)).status_code == 200


async def test_a_request_without_a_version_or_with_an_unknown_one_is_refused(fakes):
    async with httpx.AsyncClient(base_url=fakes.anthropic_url, headers={"x-api-key": fakes.key}) as client:
        missing = await client.post("/v1/messages", json=a_request())
        unknown = await client.post("/v1/messages", json=a_request(), headers={"anthropic-version": "tomorrow"})

    assert [missing.status_code, unknown.status_code] == [400, 400]
    assert "anthropic-version" in missing.text


async def test_a_model_that_does_not_exist_is_not_found(client):
    with pytest.raises(anthropic.NotFoundError, match="model: claude-2"):
        await client.messages.create(**a_request(model="claude-2"))


async def test_more_than_32_megabytes_are_too_large(client):
    with pytest.raises(anthropic.ContentTooLargeError) as caught:
        await client.messages.create(**a_request(messages=said("x" * (32 * 1024 * 1024))))

    assert caught.value.body["error"]["type"] == "request_too_large"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "number", "minimum": 0}, "'minimum' is not supported"),
        ({"type": "number", "maximum": 1}, "'maximum' is not supported"),
        ({"type": "number", "exclusiveMinimum": 0}, "'exclusiveMinimum' is not supported"),
        ({"type": "number", "exclusiveMaximum": 1}, "'exclusiveMaximum' is not supported"),
        ({"type": "integer", "multipleOf": 5}, "For 'integer' type, property 'multipleOf' is not supported"),
        ({"type": "string", "minLength": 1}, "'minLength' is not supported"),
        ({"type": "string", "maxLength": 9}, "'maxLength' is not supported"),
        ({"type": "string", "format": "colour"}, "'format' is not supported"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, "'maxItems' is not supported"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "'minItems' values other than 0 or 1"),
        ({"type": "array", "items": {"type": "object", "properties": {}}}, "'additionalProperties' must be"),
        ({"type": "object", "properties": {}}, "'additionalProperties' must be explicitly set to false"),
        ({"type": ["object", "null"], "properties": {}}, "'additionalProperties' must be"),
        ({"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]}, "'minimum' is not supported"),
        ({"oneOf": [{"type": "number"}]}, "'oneOf' is not supported"),
        ({"$ref": "#"}, "Recursive schemas are not supported"),
        ({"$ref": "#/$defs/nothing"}, "Reference cannot be resolved"),
        ({"$ref": "https://example.com/schema"}, "External schema references"),
        ({"type": "string", "enum": ["x" * 60_000]}, "grammar is too large"),
    ],
)
async def test_what_no_grammar_can_hold_is_refused_in_tools_and_answers_alike(client, field, words):
    schema = an_object(field=field)

    told = await refusal(client, output_config=wanting(schema))
    assert told.startswith("output_config.format.schema: ")
    assert words in told
    told = await refusal(client, tools=[claude_tool(), claude_tool("other", schema)])
    assert told.startswith("tools.1.custom.input_schema: ")
    assert words in told


async def test_the_answers_schema_must_be_closed_itself(client):
    open_schema = {name: value for name, value in VOTE.items() if name != "additionalProperties"}

    assert "additionalProperties" in await refusal(client, output_config=wanting(open_schema))


async def test_a_definition_that_leads_back_to_itself_is_refused(client):
    schema = an_object(field={"$ref": "#/$defs/one"})
    schema["$defs"] = {"one": an_object(other={"$ref": "#/$defs/two"}), "two": an_object(one={"$ref": "#/$defs/one"})}

    assert "Recursive" in await refusal(client, output_config=wanting(schema))


async def test_a_definition_used_twice_is_no_recursion(client):
    schema = an_object(one={"$ref": "#/$defs/price"}, two={"$ref": "#/$defs/price"}, minimum={"type": "number"})
    schema["$defs"] = {"price": nullable("number")}

    message = await client.messages.create(**a_request(output_config=wanting(schema)))

    assert json.loads(text_of(message)) == {"one": 0, "two": 0, "minimum": 0}


async def test_limits_are_fine_in_a_tool_that_is_not_strict(client):
    schema = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 3}}, "required": ["count"]}

    message = await client.messages.create(**a_request(tools=[claude_tool(schema=schema, strict=False)]))

    assert message.content[-1].input == {"count": 3}


async def test_twenty_strict_tools_are_the_most(client):
    tools = [claude_tool(f"tool_{number}") for number in range(21)]

    await client.messages.create(**a_request(tools=tools[:20]))
    assert "20 strict tools" in await refusal(client, tools=tools)


async def test_twenty_four_optional_parameters_are_the_most_over_all_strict_schemas(client):
    def optional(count):
        return {**an_object(**{f"field_{number}": {"type": "number"} for number in range(count)}), "required": []}

    await client.messages.create(**a_request(tools=[claude_tool(schema=optional(24))]))
    two = [claude_tool(schema=optional(12)), claude_tool("other", optional(13))]
    assert "too many optional parameters (25)" in await refusal(client, tools=two)


async def test_sixteen_union_parameters_are_the_most_over_all_strict_schemas(client):
    def unions(count):
        return an_object(**{f"field_{number}": {"type": ["number", "null"]} for number in range(count)})

    await client.messages.create(**a_request(output_config=wanting(unions(16))))
    await client.messages.create(**a_request(output_config=wanting(unions(13)), tools=[claude_tool(schema=VOTE)]))
    told = await refusal(client, output_config=wanting(unions(14)), tools=[claude_tool(schema=VOTE)])
    assert "union types (17)" in told


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "compute_indicators"}])
@pytest.mark.parametrize("thinking", [None, {"type": "adaptive"}])
async def test_a_forced_tool_is_refused_because_the_model_thinks(client, choice, thinking):
    told = await refusal(client, tools=[claude_tool()], tool_choice=choice, thinking=thinking)

    assert told == "Thinking may not be enabled when tool_choice forces tool use."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tool_choice": {"type": "auto"}}, "while providing tools"),
        ({"tools": [claude_tool()], "tool_choice": {"type": "perhaps"}}, "tool_choice"),
        ({"tools": [claude_tool(), claude_tool()]}, "unique"),
        ({"tools": [claude_tool("no spaces please")]}, "tools.0.custom.name"),
        ({"tools": [claude_tool(parameters={})]}, "tools.0.custom.parameters: Extra inputs"),
        ({"tools": [claude_tool(schema={"type": "array"})]}, "input_schema.type"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0"),
        ({"tools": {}}, "tools: "),
    ],
)
async def test_tools_that_are_not_formed_like_tools_are_refused(client, changes, words):
    assert words in await refusal(client, **changes)


async def test_nobody_asks_for_tools_when_they_are_switched_off(client):
    message = await client.messages.create(**a_request(tools=[claude_tool()], tool_choice={"type": "none"}))

    assert message.stop_reason == "end_turn"


async def test_only_one_tool_is_asked_for_when_more_are_not_wanted(client):
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    tools = [claude_tool(), claude_tool("assess_risk")]

    message = await client.messages.create(**a_request(tools=tools, tool_choice=choice))

    assert [block.name for block in message.content if block.type == "tool_use"] == ["compute_indicators"]


@pytest.fixture
async def talk(client):
    """A conversation in which Claude has asked for two tools and both were answered."""
    tools = [claude_tool(), claude_tool("assess_risk")]
    message = await client.messages.create(**a_request(tools=tools))
    turn, results = answered(message)
    return {
        "tools": tools,
        "turn": {"role": "assistant", "content": [block.to_dict() for block in turn["content"]]},
        "results": results,
    }


async def is_answered(client, talk, messages):
    message = await client.messages.create(**a_request(tools=talk["tools"], messages=messages))
    return message.stop_reason in ("end_turn", "tool_use") and bool(message.content)


async def refusal_of_talk(client, talk, **changes):
    changed = {**talk, **changes}
    return await refusal(client, tools=talk["tools"], messages=[*said(), changed["turn"], changed["results"]])


async def test_a_tool_round_trip_with_everything_in_place_is_accepted(client, talk):
    messages = [*said(), talk["turn"], talk["results"]]

    message = await client.messages.create(**a_request(tools=talk["tools"], messages=messages))

    assert message.stop_reason == "end_turn"
    assert text_of(message).endswith("}")


async def test_the_user_may_say_more_after_the_results(client, talk):
    results = {"role": "user", "content": [*talk["results"]["content"], {"type": "text", "text": "And now vote."}]}

    assert await is_answered(client, talk, [*said(), talk["turn"], results])


async def test_results_in_two_user_messages_count_as_one(client, talk):
    one, other = ({"role": "user", "content": [block]} for block in talk["results"]["content"])

    assert await is_answered(client, talk, [*said(), talk["turn"], one, other])


async def test_a_call_without_a_result_is_refused(client, talk):
    one = {"role": "user", "content": talk["results"]["content"][:1]}

    told = await refusal_of_talk(client, talk, results=one)

    assert told.startswith("messages.1: `tool_use` ids were found without `tool_result` blocks immediately after")
    assert talk["results"]["content"][1]["tool_use_id"] in told


async def test_words_before_the_results_are_refused(client, talk):
    late = {"role": "user", "content": [{"type": "text", "text": "Well."}, *talk["results"]["content"]]}

    assert "`tool_use` ids were found without" in await refusal_of_talk(client, talk, results=late)


async def test_a_conversation_that_ends_with_an_unanswered_call_is_refused(client, talk):
    assert "without `tool_result`" in await refusal(client, tools=talk["tools"], messages=[*said(), talk["turn"]])


async def test_a_result_for_an_unknown_call_is_refused(client, talk):
    stray = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "{}"}
    results = {"role": "user", "content": [*talk["results"]["content"], stray]}

    told = await refusal_of_talk(client, talk, results=results)

    assert told.startswith("messages.2.content.2: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1")


async def test_a_call_answered_twice_is_refused(client, talk):
    results = {"role": "user", "content": [*talk["results"]["content"], talk["results"]["content"][0]]}

    assert "unexpected `tool_use_id`" in await refusal_of_talk(client, talk, results=results)


async def test_a_result_out_of_the_blue_is_refused(client):
    stray = [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "{}"}]}]

    assert "unexpected `tool_use_id`" in await refusal(client, messages=stray)


async def test_two_calls_under_one_id_are_refused(client, talk):
    turn = {"role": "assistant", "content": [*talk["turn"]["content"], talk["turn"]["content"][-1]]}

    assert "ids must be unique" in await refusal_of_talk(client, talk, turn=turn)


async def test_a_call_whose_input_is_text_is_refused(client, talk):
    turn = deepcopy(talk["turn"])
    turn["content"][-1]["input"] = "{}"

    assert "tool_use.input: Input should be a valid dictionary" in await refusal_of_talk(client, talk, turn=turn)


async def test_a_call_from_the_user_is_refused(client, talk):
    call = {"role": "user", "content": [talk["turn"]["content"][-1]]}

    assert "not allowed in a message of this role" in await refusal(client, messages=[call])


async def test_thinking_that_was_left_out_is_refused(client, talk):
    turn = {"role": "assistant", "content": talk["turn"]["content"][1:]}

    assert "Expected `thinking` or `redacted_thinking`" in await refusal_of_talk(client, talk, turn=turn)


@pytest.mark.parametrize("part", ["thinking", "signature"])
async def test_thinking_that_was_altered_is_refused(client, talk, part):
    turn = deepcopy(talk["turn"])
    turn["content"][0][part] += "!"

    told = await refusal_of_talk(client, talk, turn=turn)

    assert told == "messages.1.content.0: Invalid `signature` in `thinking` block"


async def test_thinking_taken_from_another_turn_is_refused(client, talk):
    other = await client.messages.create(**a_request(messages=said("Another question."), tools=talk["tools"]))
    turn = {"role": "assistant", "content": [other.content[0].to_dict(), *talk["turn"]["content"][1:]]}

    assert "Invalid `signature`" in await refusal_of_talk(client, talk, turn=turn)


async def test_thinking_of_a_turn_long_past_may_be_left_out(client, talk):
    turn = {"role": "assistant", "content": talk["turn"]["content"][1:]}
    later = [{"role": "assistant", "content": "HOLD."}, {"role": "user", "content": "And now?"}]
    messages = [*said(), turn, talk["results"], *later]

    assert await is_answered(client, talk, messages)


async def test_a_model_that_must_not_think_shows_no_thinking(client):
    message = await client.messages.create(**a_request(tools=[claude_tool()], thinking={"type": "disabled"}))

    assert [block.type for block in message.content] == ["text", "tool_use"]


async def test_thinking_that_is_kept_back_still_has_a_signature_that_counts(client):
    request = a_request(tools=[claude_tool()], thinking={"type": "adaptive", "display": "omitted"})

    first = await client.messages.create(**request)
    assert (first.content[0].thinking, bool(first.content[0].signature)) == ("", True)
    await client.messages.create(**{**request, "messages": said() + answered(first)})


async def test_neighbours_of_one_role_are_joined(client):
    messages = [*said("rsi_14 is 20."), *said("roc_10 is 9.")]

    text = text_of(await client.messages.create(**a_request(messages=messages)))

    assert "rsi_14 20" in text
    assert "roc_10 9" in text


async def test_a_token_limit_that_is_reached_ends_the_answer(client):
    message = await client.messages.create(**a_request(max_tokens=30, tools=[claude_tool()]))

    assert message.stop_reason == "max_tokens"
    assert [block.type for block in message.content] == ["thinking", "text"]


async def test_equal_requests_get_equal_answers_with_equal_ids(client):
    request = a_request(tools=[claude_tool()])

    assert await client.messages.create(**request) == await client.messages.create(**request)


async def test_a_definition_in_the_tools_is_followed_when_arguments_are_made(client):
    schema = {
        **an_object(side={"$ref": "#/$defs/side"}),
        "$defs": {"side": {"type": "string", "enum": ["buy", "sell"]}},
    }

    message = await client.messages.create(**a_request(tools=[claude_tool(schema=schema)]))

    assert message.content[-1].input == {"side": "buy"}


async def test_a_tool_without_arguments_gets_none(client):
    message = await client.messages.create(**a_request(tools=[claude_tool(schema=NO_ARGUMENTS)]))

    assert message.content[-1].input == {}
