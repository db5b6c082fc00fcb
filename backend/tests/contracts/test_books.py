"""What all books of what models cost promise, wherever they are kept."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.spending import DAYS_KEPT, Limits, Reservation, Spend
from app.ports.books import Books
from app.ports.decision_store import DecisionStore

from .budgets import SOME, UNLIMITED, a_reservation
from .model_drafts import a_model_call
from .places import Embedded, InMemory, Metered, Server

FIELDS = ("tokens", "dollars", "seconds")
ONE_STORE = settings(
    max_examples=60,
    deadline=None,
    # One store serves all examples of a test, and each implementation inherits the same tests: both are meant.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
numbers = count()

# Small numbers, so that limits are met to the last token.
limits = st.builds(
    Limits,
    st.none() | st.integers(1, 12),
    st.none() | st.integers(1, 12).map(Decimal),
    st.none() | st.integers(1, 12),
)
amounts = st.builds(Spend, st.integers(0, 4), st.integers(0, 4).map(Decimal), st.integers(0, 4).map(float))
shares = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])
# Reserve for a decision, or settle one of the open reservations at a share of its estimate.
step = st.tuples(st.sampled_from("ab"), amounts) | st.tuples(st.integers(0, 50), shares)
steps = st.lists(step, min_size=5, max_size=40)


async def entered(books: Books, one: Reservation) -> tuple[Spend, Spend]:
    """What the day and the decision of a reservation have come to."""
    return await books.spent(one.of_day.name), await books.spent(one.of_decision.name)


def part(spend: Spend, share: Decimal) -> Spend:
    assert spend.dollars is not None
    return Spend(int(spend.tokens * share), spend.dollars * share, spend.seconds * float(share))


def total(spends: list[Spend]) -> Spend:
    return sum(spends, Spend())


def fits(spends: list[Spend], given_limits: Limits) -> bool:
    come_to = total(spends)
    pairs = [(getattr(given_limits, field), getattr(come_to, field)) for field in FIELDS]
    return all(limit is None or amount <= limit for limit, amount in pairs)


class BooksContract:
    """Inherit and give fixtures `store` and `second`: open, on the same empty place; a memory is its own second."""

    @pytest.fixture
    def books(self, store: DecisionStore) -> Books:
        return store.books

    async def test_nothing_is_spent_at_first(self, books: Books) -> None:
        assert await entered(books, a_reservation()) == (Spend(), Spend())

    async def test_what_is_reserved_counts_in_full_until_it_is_settled(self, books: Books) -> None:
        first, second = (a_reservation(per_decision=Limits(tokens=150)) for _ in range(2))
        assert await books.reserve(first) is None
        assert await entered(books, first) == (SOME, SOME)
        assert await books.reserve(second) is not None
        assert await entered(books, first) == (SOME, SOME)

        await books.settle(first.id, Spend(50, Decimal("0.001"), 0.25))

        assert await entered(books, first) == (Spend(50, Decimal("0.001"), 0.25),) * 2
        assert await books.reserve(second) is None

    @pytest.mark.parametrize(
        ("limit", "words"),
        [
            (Limits(tokens=15_000), "15,000 tokens"),
            (Limits(dollars=Decimal("1.5")), "1.5 dollars"),
            (Limits(seconds=300.0), "300 seconds"),
        ],
    )
    @pytest.mark.parametrize("whose", ["this decision", "today"])
    async def test_a_refusal_names_the_limit(self, books: Books, limit: Limits, words: str, whose: str) -> None:
        of_whom: dict[str, Any] = {"per_decision": limit} if whose == "this decision" else {"per_day": limit}
        need = Spend(10_000, Decimal(1), 200.0)
        assert await books.reserve(a_reservation(need, **of_whom)) is None

        refused = await books.reserve(a_reservation(need, **of_whom))

        assert refused == f"The budget of {whose}, {words}, leaves no room for a request."

    @pytest.mark.parametrize(
        ("limit", "exactly", "too_much"),
        [
            (Limits(tokens=10), Spend(10), Spend(11)),
            (Limits(dollars=Decimal("0.1")), Spend(0, Decimal("0.1")), Spend(0, Decimal("0.100000001"))),
            (Limits(seconds=2), Spend(0, Decimal(0), 2.0), Spend(0, Decimal(0), 2.000001)),
        ],
    )
    async def test_a_limit_can_be_spent_to_the_last(
        self, books: Books, limit: Limits, exactly: Spend, too_much: Spend
    ) -> None:
        assert await books.reserve(a_reservation(too_much, limit)) is not None
        assert await books.reserve(a_reservation(exactly, limit)) is None

    async def test_a_day_is_shared_by_decisions_and_a_decision_has_its_own(self, books: Books) -> None:
        assert await books.reserve(a_reservation(per_decision=Limits(tokens=100), decision="a")) is None
        assert await books.reserve(a_reservation(per_decision=Limits(tokens=100), decision="b")) is None
        assert await books.reserve(a_reservation(per_day=Limits(tokens=250), decision="c")) is not None
        assert await books.spent(a_reservation().of_day.name) == total([SOME, SOME])

    async def test_what_is_settled_twice_or_was_never_entered_changes_nothing(self, books: Books) -> None:
        one = a_reservation()
        await books.reserve(one)
        await books.settle(one.id, Spend(10, Decimal(0), 1.0))
        await books.settle(one.id, Spend(20, Decimal(0), 1.0))
        await books.settle("nothing", SOME)

        assert await entered(books, one) == (Spend(10, Decimal(0), 1.0),) * 2

    async def test_more_than_was_reserved_is_entered_as_it_was_and_stops_what_follows(self, books: Books) -> None:
        one = a_reservation(per_decision=Limits(tokens=150))
        await books.reserve(one)
        await books.settle(one.id, replace(SOME, tokens=300))

        assert (await books.spent(one.of_decision.name)).tokens == 300
        assert await books.reserve(a_reservation(Spend(1), Limits(tokens=150))) is not None

    async def test_a_price_that_is_not_known_is_refused_where_dollars_are_limited(self, books: Books) -> None:
        dollars = Limits(dollars=Decimal(100))
        for one in (a_reservation(Spend(1, None), dollars), a_reservation(Spend(1, None), UNLIMITED, dollars)):
            assert "price is unknown" in (await books.reserve(one) or "")
        free = a_reservation(Spend(90, None))
        assert await books.reserve(free) is None
        await books.settle(free.id, Spend(80, None))
        assert await entered(books, free) == (Spend(80), Spend(80))

    async def test_an_answer_without_a_price_costs_what_was_estimated(self, books: Books) -> None:
        one = a_reservation(Spend(100, Decimal("0.4")))
        await books.reserve(one)
        await books.settle(one.id, Spend(90, None))

        assert await entered(books, one) == (Spend(90, Decimal("0.4")),) * 2

    async def test_where_nobody_is_paid_spent_dollars_do_not_matter(self, books: Books) -> None:
        per_day = Limits(dollars=Decimal(1))
        spent = a_reservation(Spend(0, Decimal(1)), per_day=per_day)
        await books.reserve(spent)

        assert await books.reserve(a_reservation(Spend(100, Decimal(0), 1.0), per_day=per_day)) is None
        assert await books.reserve(a_reservation(Spend(100, Decimal("0.01")), per_day=per_day)) is not None

    async def test_a_day_begins_with_what_it_has_cost_without_limits(self, store: DecisionStore, books: Books) -> None:
        await store.append_model_calls("d1", [a_model_call(), a_model_call(at=-86_400)], [])
        already = await store.spent_since(a_reservation().midnight)
        assert already.tokens > 0

        assert await books.reserve(a_reservation(per_day=Limits(tokens=already.tokens + 50))) is not None
        assert await books.spent(a_reservation().of_day.name) == already
        assert await books.reserve(a_reservation(per_day=Limits(tokens=already.tokens + 100))) is None

    async def test_what_is_settled_after_midnight_belongs_to_the_day_before(self, books: Books) -> None:
        late, next_day = a_reservation(), a_reservation(days=1, decision="b")
        await books.reserve(late)
        await books.reserve(next_day)
        await books.settle(late.id, Spend(40))

        assert await entered(books, late) == (Spend(40), Spend(40))
        assert await entered(books, next_day) == (SOME, SOME)

    async def test_the_books_of_days_long_past_are_closed(self, books: Books) -> None:
        old, recent = a_reservation(decision="old"), a_reservation(days=1, decision="recent")
        await books.reserve(old)
        await books.reserve(recent)

        await books.reserve(a_reservation(days=DAYS_KEPT, decision="new"))
        await books.settle(old.id, SOME)

        assert await entered(books, old) == (Spend(), Spend())
        assert await entered(books, recent) == (SOME, SOME)

    async def test_all_who_share_the_store_share_the_books(self, store: DecisionStore, second: DecisionStore) -> None:
        """Twenty ask at once, and there is room for seven."""
        asked = [a_reservation(per_decision=Limits(tokens=799)) for _ in range(20)]
        places = [store.books, second.books] * 10

        refusals = await asyncio.gather(*(books.reserve(one) for books, one in zip(places, asked, strict=True)))

        assert refusals.count(None) == 7
        assert await entered(second.books, asked[0]) == (total([SOME] * 7),) * 2
        held = [one for one, refusal in zip(asked, refusals, strict=True) if refusal is None]
        await asyncio.gather(*(books.settle(one.id, Spend(1)) for books, one in zip(places, held, strict=False)))
        assert (await store.books.spent(asked[0].of_decision.name)).tokens == 7

    @ONE_STORE
    @given(per_decision=limits, per_day=limits, deeds=steps)
    async def test_no_interleaving_oversteps_a_limit(
        self, books: Books, per_decision: Limits, per_day: Limits, deeds: list[tuple[Any, Any]]
    ) -> None:
        names = {each: f"{each}{next(numbers)}" for each in "ab"}
        day = replace(a_reservation().of_day, name=f"day of its own {next(numbers)}", limits=per_day)
        waiting: list[tuple[str, Reservation]] = []
        spent: dict[str, list[Spend]] = {"a": [], "b": []}
        for who, what in deeds:
            if isinstance(who, str):
                one = replace(a_reservation(what, per_decision, decision=names[who]), of_day=day)
                mine = [each.need for decision, each in waiting if decision == who] + spent[who]
                everything = [each.need for _, each in waiting] + spent["a"] + spent["b"]
                has_room = fits_with(what, mine, per_decision) and fits_with(what, everything, per_day)
                assert (await books.reserve(one) is None) == has_room
                waiting += [(who, one)] if has_room else []
            elif waiting:
                decision, one = waiting.pop(who % len(waiting))
                spent[decision].append(part(one.need, what))
                await books.settle(one.id, spent[decision][-1])
        for decision, one in waiting:
            spent[decision].append(one.need)
        assert await books.spent(day.name) == total(spent["a"] + spent["b"])
        for decision, each in spent.items():
            assert await books.spent(f"decision {names[decision]}") == total(each)


def fits_with(need: Spend, taken: list[Spend], given_limits: Limits) -> bool:
    """Whether there is room for what is needed; what is not needed cannot be lacking."""
    needed = [field for field in FIELDS if getattr(need, field)]
    bound = Limits(**{field: getattr(given_limits, field) for field in needed})
    return fits([*taken, need], bound)


class TestInMemory(InMemory, BooksContract):
    """See BooksContract."""


class TestMetered(Metered, BooksContract):
    """See BooksContract."""


class TestEmbedded(Embedded, BooksContract):
    """See BooksContract."""


class TestServer(Server, BooksContract):
    """See BooksContract."""
