from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.attempts import NotAskedError
from app.ai.spending.ledger import MOST_DECISIONS, Ledger
from app.ai.spending.limits import Limits
from app.domain.spending import Spend
from tests.unit.ai.providers.asked import StillClock

UNLIMITED = Limits()
SOME = Spend(100, Decimal("0.01"), 2.0)
FIELDS = ("tokens", "dollars", "seconds")

limits = st.builds(
    Limits,
    st.none() | st.integers(1, 1_000),
    st.none() | st.integers(1, 1_000).map(Decimal),
    st.none() | st.integers(1, 1_000),
)
amounts = st.builds(Spend, st.integers(0, 400), st.integers(0, 400).map(Decimal), st.integers(0, 400).map(float))
shares = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])
# Reserve for a decision, or end one of the open reservations at a share of its estimate (none: release it).
steps = st.lists(
    st.tuples(st.sampled_from("ab"), amounts) | st.tuples(st.integers(0, 50), st.none() | shares), max_size=80
)


def a_ledger(per_decision=UNLIMITED, per_day=UNLIMITED, clock=None):
    return Ledger(per_decision, per_day, clock or StillClock())


def part(spend, share):
    return Spend(int(spend.tokens * share), spend.dollars * share, float(spend.seconds * float(share)))


def total(spends):
    return {field: sum(getattr(each, field) for each in spends) for field in FIELDS}


def fits(spends, limits):
    return all(
        getattr(limits, field) is None or amount <= getattr(limits, field) for field, amount in total(spends).items()
    )


@given(per_decision=limits, per_day=limits, steps=steps)
def test_no_interleaving_oversteps_a_limit(per_decision, per_day, steps):
    ledger, waiting, spent = a_ledger(per_decision, per_day), [], {"a": [], "b": []}
    for who, what in steps:
        if isinstance(who, str):
            try:
                waiting.append((who, what, ledger.reserve(who, what)))
            except NotAskedError:
                mine = [each for decision, each, _ in waiting if decision == who] + spent[who]
                all_of_them = [each for _, each, _ in waiting] + spent["a"] + spent["b"]
                assert not (fits([*mine, what], per_decision) and fits([*all_of_them, what], per_day))
        elif waiting:
            decision, estimate, reservation = waiting.pop(who % len(waiting))
            if what is None:
                reservation.release()
            else:
                spent[decision].append(part(estimate, what))
                reservation.settle(spent[decision][-1])
        assert all(fits([ledger.of_decision(each)], per_decision) for each in spent)
        assert fits([ledger.spent_today()], per_day)
    for decision, each in spent.items():
        assert total([ledger.of_decision(decision)]) == total(each)
    assert total([ledger.spent_today()]) == total(spent["a"] + spent["b"])


@pytest.mark.parametrize(
    ("limit", "words"), [("tokens", "150 tokens"), ("dollars", "0.015 dollars"), ("seconds", "3 seconds")]
)
@pytest.mark.parametrize("whose", ["this decision", "today"])
def test_a_refusal_names_the_limit(limit, words, whose):
    given_limits = replace(UNLIMITED, **{limit: {"tokens": 150, "dollars": Decimal("0.015"), "seconds": 3.0}[limit]})
    ledger = a_ledger(given_limits) if whose == "this decision" else a_ledger(per_day=given_limits)
    ledger.reserve("a", SOME)

    with pytest.raises(NotAskedError, match=f"{whose}, {words}") as caught:
        ledger.reserve("a", SOME)

    assert caught.value.kind == "budget_spent"


def test_what_is_reserved_counts_in_full_until_it_is_settled():
    ledger = a_ledger(Limits(tokens=150))
    first = ledger.reserve("a", SOME)
    with pytest.raises(NotAskedError):
        ledger.reserve("a", SOME)

    first.settle(Spend(50, Decimal(0), 0.0))

    ledger.reserve("a", SOME)
    assert ledger.of_decision("a").tokens == 50


def test_a_refusal_reserves_nothing():
    ledger = a_ledger(UNLIMITED, Limits(tokens=150))
    with pytest.raises(NotAskedError):
        ledger.reserve("a", Spend(200))

    ledger.reserve("a", Spend(150))


def test_a_reservation_is_settled_once():
    ledger = a_ledger()
    reservation = ledger.reserve("a", SOME)
    reservation.settle(SOME)
    reservation.settle(SOME)
    reservation.release()

    assert ledger.of_decision("a") == ledger.spent_today() == SOME


def test_more_than_was_reserved_is_entered_as_it_was_and_stops_what_follows():
    ledger = a_ledger(Limits(tokens=150))
    ledger.reserve("a", SOME).settle(replace(SOME, tokens=300))

    assert ledger.of_decision("a").tokens == 300
    with pytest.raises(NotAskedError):
        ledger.reserve("a", Spend(1))


def test_a_price_that_is_not_known_is_refused_where_dollars_are_limited():
    for ledger in (a_ledger(Limits(dollars=Decimal(1))), a_ledger(per_day=Limits(dollars=Decimal(1)))):
        with pytest.raises(NotAskedError, match="price is unknown") as caught:
            ledger.reserve("a", Spend(100, None))
        assert caught.value.kind == "budget_spent"


def test_a_price_that_is_not_known_adds_nothing_where_they_are_not():
    ledger = a_ledger(Limits(tokens=1_000))
    ledger.reserve("a", Spend(100, None)).settle(Spend(90, None))

    assert ledger.of_decision("a") == Spend(90, Decimal(0))


def test_an_answer_without_a_price_costs_what_was_estimated():
    ledger = a_ledger(Limits(dollars=Decimal(1)))
    ledger.reserve("a", Spend(100, Decimal("0.4"))).settle(Spend(90, None))

    assert ledger.of_decision("a") == Spend(90, Decimal("0.4"))


def test_where_nobody_is_paid_spent_dollars_do_not_matter():
    ledger = a_ledger(per_day=Limits(dollars=Decimal(1)))
    ledger.begin_day(Spend(0, Decimal(5)))

    ledger.reserve("a", Spend(100, Decimal(0), 1.0))
    with pytest.raises(NotAskedError):
        ledger.reserve("a", Spend(100, Decimal("0.01"), 1.0))


def test_what_was_spent_before_a_restart_counts():
    ledger = a_ledger(per_day=Limits(tokens=150))
    ledger.begin_day(Spend(100))

    assert ledger.spent_today().tokens == 100
    with pytest.raises(NotAskedError):
        ledger.reserve("a", SOME)


def test_a_day_ends_at_midnight_utc():
    clock = StillClock()
    ledger = a_ledger(per_day=Limits(tokens=150), clock=clock)
    ledger.reserve("a", SOME).settle(SOME)
    late = ledger.reserve("a", Spend(50))
    clock.instant += timedelta(days=1)

    assert ledger.spent_today() == Spend()
    ledger.reserve("a", Spend(150)).release()
    late.settle(Spend(50))  # of yesterday
    assert (ledger.spent_today(), ledger.of_decision("a").tokens) == (Spend(), 150)


def test_a_clock_that_is_set_back_over_midnight_does_not_give_a_second_budget():
    clock = StillClock()
    ledger = a_ledger(per_day=Limits(tokens=150), clock=clock)
    ledger.reserve("a", SOME).settle(SOME)
    clock.instant -= timedelta(hours=1)

    assert ledger.spent_today() == SOME
    clock.instant += timedelta(hours=2)
    assert ledger.spent_today() == SOME


def test_a_closed_decision_is_forgotten_and_the_day_is_not():
    ledger = a_ledger()
    ledger.reserve("a", SOME).settle(SOME)
    late = ledger.reserve("a", SOME)

    ledger.close("a")
    ledger.close("a")
    late.settle(SOME)

    assert ledger.of_decision("a") == Spend()
    assert ledger.spent_today().tokens == 200


def test_decisions_that_are_never_closed_do_not_pile_up():
    ledger = a_ledger()
    for place in range(MOST_DECISIONS + 1):
        ledger.reserve(str(place), SOME).settle(SOME)
        ledger.reserve("busy", SOME).settle(SOME)

    assert ledger.of_decision("0") == Spend()
    assert ledger.of_decision("busy").tokens == 100 * (MOST_DECISIONS + 1)
