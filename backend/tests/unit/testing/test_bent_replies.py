import orjson
import pytest

from app.testing.fake_models.bent_replies import bent, can_bend
from app.testing.fake_models.brain import calling
from app.testing.fake_models.conversation import Reply
from tests.unit.testing.asking import a_tool, asked

TOOLS = (a_tool(),)


@pytest.mark.parametrize("text", ["0", "BUY", '"BUY"', "[{}]", '{"decision": "BUY"}', "{", ""])
def test_where_no_number_is_given_none_can_be_out_of_range(text):
    assert not can_bend("out_of_range", asked(schema={}), Reply(text))


@pytest.mark.parametrize("text", ['{"confidence": 0.8}', 'I think: {"confidence": null, "sentiment": 1}'])
def test_the_first_share_of_an_answer_is_what_is_out_of_range(text):
    assert can_bend("out_of_range", asked(), Reply(text))

    worse = bent("out_of_range", asked(), Reply(text)).text

    assert orjson.loads(worse[worse.find("{") :])["confidence"] == 85


@pytest.mark.parametrize("kind", ["schema_ignored", "out_of_range"])
def test_what_is_wrong_with_an_answer_waits_for_the_answer(kind):
    asking = asked(tools=TOOLS, schema={})

    assert not can_bend(kind, asking, calling(asking))


@pytest.mark.parametrize("kind", ["bad_tool_arguments", "unknown_tool", "tool_loop"])
def test_what_is_wrong_with_tools_needs_tools(kind):
    assert not can_bend(kind, asked(), Reply("BUY"))
    assert can_bend(kind, asked(tools=TOOLS), Reply("BUY"))
    assert bent(kind, asked(tools=TOOLS), Reply("BUY")).stop == "tool_use"


@pytest.mark.parametrize(
    ("kind", "strikes"), [("bad_tool_arguments", False), ("unknown_tool", False), ("tool_loop", True)]
)
def test_only_a_loop_keeps_asking_once_tools_were_used(kind, strikes):
    assert can_bend(kind, asked(tools=TOOLS, rounds=1), Reply("BUY")) is strikes
