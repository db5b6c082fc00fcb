import orjson
import pytest

from app.ai.providers.scripted import ScriptedProvider
from app.domain.completions import Completion, ToolUse, Usage
from app.domain.errors import InvalidInputError, ProviderError
from tests.unit.ai.providers.asked import asked, inquiry

BUY = Completion("BUY", (), "end", Usage(3, 1), "scripted-1")
USE = Completion("", (ToolUse("call_0", "get_bars", {"count": 5}),), "tool_use", Usage(), "scripted-1")


async def kind_of(provider):
    with pytest.raises(ProviderError) as caught:
        await provider.complete(asked(), inquiry())
    return caught.value.kind


async def test_lines_come_in_their_order_and_then_there_are_none():
    provider = ScriptedProvider([BUY, ProviderError("overloaded", "Busy."), USE])

    assert await provider.complete(asked(), inquiry()) == BUY
    assert await kind_of(provider) == "overloaded"
    assert await provider.complete(asked(), inquiry()) == USE
    assert await kind_of(provider) == "not_recorded"


async def test_a_function_answers_each_request():
    provider = ScriptedProvider(lambda request: Completion(request.model, (), "end", Usage(), request.model))

    assert (await provider.complete(asked(model="m-7"), inquiry())).text == "m-7"


async def test_what_it_says_is_heard():
    heard = []

    await ScriptedProvider([BUY]).complete(asked(), inquiry(heard=heard.append))
    await ScriptedProvider([USE]).complete(asked(), inquiry(heard=heard.append))

    assert heard == ["BUY"]


async def test_a_script_can_be_a_file(tmp_path):
    error = {"kind": "rate_limited", "message": "Slow down.", "retry_after_s": 2.5, "status": 429}
    lines = [{"completion": BUY.as_dict()}, {"completion": USE.as_dict()}, {"error": error}]
    path = tmp_path / "script.jsonl"
    path.write_bytes(b"\n\n".join(map(orjson.dumps, lines)) + b"\n")

    provider = ScriptedProvider.from_file(path, name="ollama", takes_tools_with_schema=False)

    assert (provider.name, provider.takes_tools_with_schema, provider.is_billed) == ("ollama", False, False)
    assert [await provider.complete(asked(), inquiry()) for _ in range(2)] == [BUY, USE]
    with pytest.raises(ProviderError) as caught:
        await provider.complete(asked(), inquiry())
    assert (caught.value.kind, caught.value.retry_after_s, caught.value.status) == ("rate_limited", 2.5, 429)
    await provider.close()


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"completion": {"text": "no more"}}', '{"error": {"why": "?"}}'])
def test_a_line_that_cannot_be_read_is_named(tmp_path, line):
    path = tmp_path / "script.jsonl"
    path.write_text('{"error": {"kind": "overloaded", "message": "Busy."}}\n' + line)

    with pytest.raises(InvalidInputError, match="Line 2 of the script"):
        ScriptedProvider.from_file(path)
