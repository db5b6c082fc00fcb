import orjson

from app.domain.tool_policies import DEFAULT, ToolPolicy


def test_by_default_every_tool_has_two_seconds_and_none_rests():
    assert (DEFAULT.version, DEFAULT.timeout_s("get_bars"), DEFAULT.suspends("get_bars")) == (0, 2.0, False)


def test_a_tool_that_is_tried_again_is_not_suspended():
    policy = ToolPolicy(1, {"a": 0.5}, frozenset({"a", "b"}), frozenset({"a"}))
    assert (policy.suspends("a"), policy.suspends("b"), policy.timeout_s("a")) == (False, True, 0.5)


def test_a_policy_is_read_as_it_was_written():
    policy = ToolPolicy(7, {"b": 0.5, "a": 4.0}, frozenset({"b", "a"}), frozenset({"b"}))
    assert ToolPolicy.from_dict(orjson.loads(orjson.dumps(policy.as_dict()))) == policy
    assert list(policy.as_dict()["timeouts_s"]) == ["a", "b"]
