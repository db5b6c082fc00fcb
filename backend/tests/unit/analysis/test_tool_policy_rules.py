"""How tools' conduct becomes a policy."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.tool_policy_rules import PolicyRules
from app.analysis.tool_run_times import TIMED_KEPT, TIMEOUTS_S
from app.domain.times import to_micros
from app.domain.tool_policies import DEFAULT
from tests.unit.analysis.tool_scenes import NOW, a_call, plain


def after(*calls):
    rules = PolicyRules()
    for call in plain(*calls):
        rules.add(call)
    return rules


def micros(seconds):
    return to_micros(NOW + timedelta(seconds=seconds))


def failures(count, start=0.0, **others):
    return [a_call(status="error", took_ms=0.0, at=start + each, **others) for each in range(count)]


def policy_at(rules, seconds):
    return rules.policy(micros(seconds))


# Time limits


def test_nothing_seen_is_the_default():
    assert after().policy() == DEFAULT


@pytest.mark.parametrize(
    ("took_ms", "timeout_s"),
    [
        (0.0, 0.25),
        (62.5, 0.25),
        (62.6, 0.5),
        (125.0, 0.5),
        (250.0, 1.0),
        (400.0, 2.0),
        (1_000.0, 4.0),
        (1_000.1, 8.0),
        (60_000.0, 8.0),
    ],
)
def test_after_fifty_runs_a_tool_may_take_four_times_its_p99_rounded_up(took_ms, timeout_s):
    runs = [a_call(took_ms=took_ms)] * 50
    assert after(*runs[:49]).policy() == DEFAULT
    assert after(*runs).policy().timeouts_s == {"get_bars": timeout_s}


def test_one_slow_run_in_a_hundred_does_not_count_but_two_do():
    quick, slow = a_call(took_ms=1.0), a_call(took_ms=500.0)
    assert after(*[quick] * 99, slow).policy().timeouts_s["get_bars"] == 0.25
    assert after(*[quick] * 98, slow, slow).policy().timeouts_s["get_bars"] == 2.0


def test_runs_of_long_ago_are_forgotten():
    slow, quick = [a_call(took_ms=500.0)] * 60, [a_call(took_ms=1.0)] * TIMED_KEPT
    assert after(*slow, *quick[:-60]).policy().timeouts_s["get_bars"] == 2.0
    assert after(*slow, *quick).policy().timeouts_s["get_bars"] == 0.25


def test_a_run_that_was_cut_off_asks_for_more_time_and_one_that_failed_tells_nothing():
    cut_off = [a_call(status="timeout", took_ms=250.0)]
    fine = [a_call(took_ms=1.0)] * 9
    assert after(*(fine + cut_off) * 5).policy().timeouts_s["get_bars"] == 1.0
    assert after(*[a_call(took_ms=1.0)] * 49, a_call(status="error")).policy().timeouts_s == {}


@pytest.mark.parametrize("status", ["cached", "denied", "invalid_args"])
def test_a_call_that_ran_nothing_tells_nothing(status):
    assert after(*[a_call(status=status)] * 100).policy() == DEFAULT


# Rests


def test_five_failures_in_ten_runs_are_too_many():
    fine = [a_call(took_ms=1.0)]
    assert after(*failures(4), *fine * 6).policy() == DEFAULT
    assert after(*fine * 5, *failures(5)).policy().suspended == {"get_bars"}
    assert after(*failures(4), *fine * 7, *failures(1)).policy() == DEFAULT
    timeouts = [a_call(status="timeout", took_ms=2_000.0)] * 5
    assert after(*timeouts).policy().suspended == {"get_bars"}


def test_after_a_minute_it_is_tried_again():
    rules = after(*failures(5))
    assert policy_at(rules, 63.9).suspended == {"get_bars"}
    tried = policy_at(rules, 64.0)
    assert (tried.suspended, tried.probing, tried.version) == (frozenset(), {"get_bars"}, 2)


def test_a_success_brings_it_back_with_a_clean_slate():
    rules = after(*failures(5), a_call(at=70))
    assert (rules.policy().suspended, rules.policy().probing, rules.policy().version) == (set(), set(), 3)
    for call in plain(*failures(4, start=80)):
        rules.add(call)
    assert rules.policy().suspended == frozenset()


def test_failing_again_doubles_the_rest_up_to_an_hour():
    rules, now, rests = after(*failures(5)), 4.0, []
    for _ in range(9):
        rests.append(next(rest for rest in range(60, 3_661, 60) if policy_at(rules, now + rest).probing))
        now += rests[-1]
        for call in plain(*failures(1, start=now)):
            rules.add(call)
    assert rests == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]


def test_after_a_success_the_next_rest_is_a_minute_again():
    rules = after(*failures(5), *failures(1, start=70), a_call(at=400), *failures(5, start=500))
    assert policy_at(rules, 563).suspended == {"get_bars"}
    assert policy_at(rules, 564).probing == {"get_bars"}


def test_the_end_of_a_run_begun_before_the_rest_changes_nothing():
    resting = after(*failures(5))
    known = resting.policy()
    for call in plain(a_call(at=5), *failures(3, start=6)):
        resting.add(call)
    assert resting.policy() == known


def test_tools_rest_each_for_itself():
    both = after(*failures(5), *failures(5, start=20, tool="score_news"))
    assert policy_at(both, 70).probing == {"get_bars"}
    assert policy_at(both, 70).suspended == {"score_news"}


# Laws

runs = st.builds(
    a_call,
    tool=st.sampled_from(["a", "b", "c"]),
    status=st.sampled_from(["success", "error", "timeout", "cached", "denied"]),
    took_ms=st.sampled_from([0.0, 1.0, 100.0, 300.0]),
    at=st.floats(0, 1_000),
)
events = st.lists(st.lists(runs, min_size=1, max_size=60).map(lambda group: group * 3), max_size=6).map(
    lambda groups: sorted((each for group in groups for each in group), key=lambda event: event.timestamp)
)


@given(events, st.lists(st.floats(0, 5_000), max_size=5))
def test_asking_in_between_changes_nothing_that_comes_later(calls, moments):
    asked, unasked = PolicyRules(), PolicyRules()
    for call in plain(*calls):
        earlier = [moment for moment in moments if micros(moment) <= call.at]
        for moment in earlier:
            asked.policy(micros(moment))
        asked.add(call)
        unasked.add(call)
    for moment in sorted(moments):
        assert asked.policy(micros(5_000 + moment)) == unasked.policy(micros(5_000 + moment))


@given(events)
def test_the_version_rises_with_the_content_and_only_with_it(calls):
    rules, known = PolicyRules(), DEFAULT
    for call in plain(*calls):
        rules.policy(call.at + int((call.duration_ms or 0) * 1_000))
        known = rules.policy()
        rules.add(call)
        now = rules.policy()
        assert now.version - known.version == (contents(now) != contents(known))
        assert not now.suspended & now.probing
        assert set(now.timeouts_s.values()) <= set(TIMEOUTS_S)


def contents(policy):
    return policy.timeouts_s, policy.suspended, policy.probing
