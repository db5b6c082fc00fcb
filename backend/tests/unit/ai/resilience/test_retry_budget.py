from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.retry_budget import RetryBudget


@given(st.lists(st.booleans(), max_size=500), st.integers(1, 20), st.integers(0, 20))
def test_retries_are_never_more_than_the_floor_and_their_share_of_the_calls(is_call, calls_per_retry, floor):
    budget, calls, retries = RetryBudget(calls_per_retry, floor), 0, 0
    for each in is_call:
        if each:
            budget.earn()
            calls += 1
        else:
            retries += budget.take()
        assert retries * calls_per_retry <= floor * calls_per_retry + calls


def test_a_tenth_of_the_calls_can_be_retried_for_ever():
    budget = RetryBudget(calls_per_retry=10, floor=10)
    taken = 0
    for _ in range(1_000):
        budget.earn()
        taken += budget.take()

    assert taken == 10 + 100 - 1  # the first call finds the budget full


def test_no_more_than_the_floor_is_saved_up():
    budget = RetryBudget(calls_per_retry=10, floor=3)
    for _ in range(10_000):
        budget.earn()

    assert [budget.take() for _ in range(5)] == [True, True, True, False, False]
