import asyncio
from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from app.ai.resilience.turns import Turns

# Somebody of a symbol joins, somebody leaves (0 is the longest waiting), or the next one is called.
steps = st.lists(
    st.tuples(st.just("join"), st.sampled_from("ABCDE"))
    | st.tuples(st.just("leave"), st.integers(0, 20))
    | st.just(("call", None)),
    max_size=200,
)


class Hall:
    """Turns, and beside them a plain list of who waits and who was called."""

    def __init__(self):
        self.turns = Turns()
        self.waiting = []  # (symbol, place), longest waiting first
        self.called = []

    def join(self, symbol):
        self.waiting.append((symbol, self.turns.join(symbol)))

    def leave(self, place):
        if self.waiting:
            symbol, place = self.waiting.pop(place % len(self.waiting))
            place.cancel()
            self.turns.leave(symbol, place)

    def call(self, _):
        assert self.turns.call() == bool(self.waiting)
        done = [each for each in self.waiting if each[1].done()]
        assert len(done) == bool(self.waiting)
        for each in done:
            self.waiting.remove(each)
            self.called.append(each[0])

    def does(self, steps):
        for verb, argument in steps:
            getattr(self, verb)(argument)
            assert len(self.turns) == len(self.waiting)


async def in_a_hall(scene, *arguments):
    hall = Hall()
    scene(hall, *arguments)


@given(steps)
def test_whoever_waits_is_called_once_and_nobody_else(taken):
    asyncio.run(in_a_hall(lambda hall: hall.does(taken)))


@given(st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=60), steps)
def test_no_symbol_is_called_twice_before_another_one_that_waits(queue, taken):
    """Others come and go all the time; a symbol that waits throughout is passed over at most once by each of them."""

    def scene(hall):
        for symbol in queue:
            hall.join(symbol)
        patient = hall.waiting[-1]
        since = deque()
        for verb, argument in taken:
            if patient not in hall.waiting:
                break
            if verb != "leave" or hall.waiting[argument % len(hall.waiting)] is not patient:
                before = len(hall.called)
                hall.does([(verb, argument)])
                since.extend(hall.called[before:])
            if patient[0] in since:
                since.clear()
            assert len(since) == len(set(since))

    asyncio.run(in_a_hall(scene))


@given(st.lists(st.sampled_from("ABC"), max_size=60))
def test_within_a_symbol_who_came_first_is_called_first(queue):
    def scene(hall):
        for symbol in queue:
            hall.join(symbol)
        while hall.waiting:
            before = list(hall.waiting)
            hall.call(None)
            (called,) = [each for each in before if each not in hall.waiting]
            assert called == next(each for each in before if each[0] == called[0])

    asyncio.run(in_a_hall(scene))


def test_a_symbol_with_many_does_not_keep_one_with_few_waiting():
    def scene(hall):
        for symbol in "AAAAAAB":
            hall.join(symbol)
        for _ in range(7):
            hall.call(None)
        assert "".join(hall.called) == "ABAAAAA"

    asyncio.run(in_a_hall(scene))


def test_one_who_left_without_saying_so_is_passed_over():
    def scene(hall):
        for symbol in "AAB":
            hall.join(symbol)
        hall.waiting.pop(0)[1].cancel()

        assert hall.turns.call() and hall.turns.call()
        assert all(place.done() for _, place in hall.waiting)
        assert not hall.turns.call()

    asyncio.run(in_a_hall(scene))
