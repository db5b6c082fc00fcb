"""What a model is told of a tool."""

from typing import Annotated, Literal

import orjson
import pytest
from pydantic import Field

from app import plugins
from app.ai.tooling.specs import spec_of
from app.domain.completions import ToolSpec
from app.ports.analyst import ToolArguments
from tests.unit.ai.tooling.odd_tools import Bare

LIMITS = {"minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "pattern", "multipleOf", "default"}
VENDORS_TAKE = {"type", "enum", "items", "description"}

every_tool = pytest.mark.parametrize("name", plugins.names("tool"))


class Everything(ToolArguments):
    count: Annotated[int, Field(ge=1, lt=20, multiple_of=2, description="how many")]
    word: Annotated[str | None, Field(min_length=2, max_length=9, pattern="^[a-z]+$")] = None
    side: Literal["up", "down"] = "up"
    numbers: Annotated[list[float] | None, Field(max_length=3, description="some")] = None


class Greedy(Bare):
    arguments = Everything


def fields(tool):
    return spec_of(tool).parameters["properties"]


@every_tool
def test_the_schema_is_flat_and_closed_and_holds_nothing_that_vendors_refuse(name):
    spec = spec_of(plugins.load("tool", name))
    schema = spec.parameters
    assert (spec.name, schema["type"], schema["additionalProperties"]) == (name, "object", False)
    assert set(schema["required"]) <= set(schema["properties"])
    for field in schema["properties"].values():
        assert set(field) <= VENDORS_TAKE
        assert isinstance(field["type"], str)
    assert orjson.loads(orjson.dumps(schema)) == schema


@every_tool
def test_every_limit_of_an_argument_is_told_in_words(name):
    tool = plugins.load("tool", name)
    for field, known in tool.arguments.model_json_schema()["properties"].items():
        kinds = [known, *known.get("anyOf", [])]
        bounds = [str(kind[limit]) for kind in kinds for limit in LIMITS & kind.keys() if kind[limit] is not None]
        assert all(bound in fields(tool)[field]["description"] for bound in bounds)


def test_limits_move_into_the_description():
    assert fields(Greedy)["count"] == {
        "type": "integer",
        "description": "how many; at least 1; less than 20; a multiple of 2",
    }
    assert fields(Greedy)["word"]["description"].endswith(
        "at least 2 characters; at most 9 characters; matching ^[a-z]+$"
    )
    assert fields(Greedy)["numbers"] == {
        "type": "array",
        "items": {"type": "number"},
        "description": "some; at most 3 items",
    }


def test_what_may_be_left_out_is_not_required_and_has_one_type():
    spec = spec_of(Greedy)
    assert spec.parameters["required"] == ["count"]
    assert fields(Greedy)["word"]["type"] == "string"
    assert (fields(Greedy)["side"]["enum"], fields(Greedy)["side"]["description"]) == (
        ["up", "down"],
        "Side; default up",
    )


def test_a_tool_that_declares_no_arguments_takes_none():
    empty = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert spec_of(Bare) == spec_of(Bare()) == ToolSpec("bare", "Plain.", empty)
