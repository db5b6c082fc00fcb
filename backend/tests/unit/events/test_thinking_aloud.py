import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import TransportError
from app.events.agent_event_bus import AgentEventBus
from app.events.thinking_aloud import MOST_A_SECOND, MOST_CHARACTERS, ThinkingAloud
from tests.builders import ScriptedAnalyst
from tests.unit.events.virtual_time import LoopClock, in_virtual_time

AGENTS = ("a_AAPL", "b_AAPL", "c_AAPL")
SEATS = {agent: ScriptedAnalyst(agent[0]) for agent in AGENTS}


class Hall:
    """Where models think aloud; `said` is what was heard, with its time."""

    def __init__(self, seats=SEATS):
        self.said = []
        self.bus = AgentEventBus()
        self.bus.publish = self.publish
        self.aloud = ThinkingAloud(self.bus, LoopClock(), seats, "AAPL", "d-1")

    async def publish(self, *events):
        self.said += [(LoopClock().monotonic(), event) for event in events]

    def text_of(self, agent):
        return "".join(event.data["text"] for _, event in self.said if event.agent_id == agent)

    @property
    def times(self):
        return [at for at, _ in self.said]


def most_in_a_second(times):
    return max((sum(at <= other < at + 1 for other in times) for at in times), default=0)


PIECES = st.lists(st.tuples(st.sampled_from([0, 0, 0.001, 0.05, 0.4]), st.sampled_from(AGENTS)), max_size=150)


async def talk(pieces):
    """Say numbers, each after its pause, and return the hall in which they were heard."""
    hall = Hall()
    async with hall.aloud as hear:
        for number, (pause, agent) in enumerate(pieces):
            await asyncio.sleep(pause)
            hear(agent, f"{number} ")
    return hall


@given(PIECES)
def test_however_much_is_heard_at_most_twenty_events_a_second_are_told(pieces):
    hall = in_virtual_time(talk(pieces))
    assert most_in_a_second(hall.times) <= MOST_A_SECOND


@given(PIECES)
def test_what_each_agent_says_is_told_whole_and_in_order(pieces):
    hall = in_virtual_time(talk(pieces))
    for agent in AGENTS:
        assert hall.text_of(agent) == "".join(f"{number} " for number, (_, who) in enumerate(pieces) if who == agent)


def test_hundreds_of_pieces_a_second_from_a_large_panel_keep_the_pace():
    seats = {f"r{number}_AAPL": ScriptedAnalyst(f"r{number}") for number in range(60)}

    async def talk():
        hall = Hall(seats)
        async with hall.aloud as hear:
            for _ in range(300):
                for agent in seats:
                    hear(agent, "word ")
                await asyncio.sleep(0.01)
        return hall

    hall = in_virtual_time(talk())
    assert most_in_a_second(hall.times) <= MOST_A_SECOND
    assert len(hall.said) >= 3 * 10
    assert {event.agent_id for _, event in hall.said} >= set(list(seats)[:40])


def test_the_first_words_are_told_at_once():
    async def talk():
        hall = Hall()
        async with hall.aloud as hear:
            began = LoopClock().monotonic()
            hear("a_AAPL", "Well, ")
            await asyncio.sleep(0.01)
            return hall.times[0] - began

    assert in_virtual_time(talk()) == 0


def test_whoever_has_waited_longest_is_told_first():
    async def talk():
        hall = Hall()
        async with hall.aloud as hear:
            for agent in ("c_AAPL", "a_AAPL", "b_AAPL", "a_AAPL", "c_AAPL"):
                hear(agent, "x")
            await asyncio.sleep(1)
        return hall

    hall = in_virtual_time(talk())
    assert [(event.agent_id, event.data["text"]) for _, event in hall.said] == [
        ("c_AAPL", "xx"),
        ("a_AAPL", "xx"),
        ("b_AAPL", "x"),
    ]


def test_of_more_than_fits_the_newest_words_are_told():
    async def talk():
        hall = Hall()
        async with hall.aloud as hear:
            hear("a_AAPL", "old " * MOST_CHARACTERS)
            hear("a_AAPL", "and the end")
        return hall

    ((_, event),) = in_virtual_time(talk()).said
    assert len(event.data["text"]) == MOST_CHARACTERS
    assert event.data["text"].endswith("and the end")


def test_nothing_is_told_for_an_empty_piece_or_after_the_end():
    async def talk():
        hall = Hall()
        async with hall.aloud as hear:
            hear("a_AAPL", "")
            await asyncio.sleep(1)
        hear("a_AAPL", "too late")
        await asyncio.sleep(5)
        return hall

    assert in_virtual_time(talk()).said == []


def test_the_event_says_who_thinks_about_what():
    async def talk():
        hall = Hall()
        async with hall.aloud as hear:
            hear("a_AAPL", "Well, ")
        return hall

    ((_, event),) = in_virtual_time(talk()).said
    assert (event.type, event.agent_id, event.agent_type, event.symbol, event.decision_id) == (
        "agent_thinking",
        "a_AAPL",
        "a",
        "AAPL",
        "d-1",
    )
    assert event.data["text"] == "Well, "
    assert event.seq == 0


def test_an_end_by_an_error_tells_the_last_words_too_and_lets_the_error_pass():
    hall = Hall()

    async def talk():
        async with hall.aloud as hear:
            hear("a_AAPL", "I think that")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        in_virtual_time(talk())
    assert hall.text_of("a_AAPL") == "I think that"


@pytest.mark.parametrize("pause", [0, 1])
def test_a_bus_that_takes_nothing_costs_no_decision(pause):
    class Broken(Hall):
        async def publish(self, *events):
            self.said += [(0, event) for event in events]
            raise TransportError("The broker is away.")

    async def talk():
        hall = Broken()
        async with hall.aloud as hear:
            for word in ("one ", "two "):
                hear("a_AAPL", word)
                await asyncio.sleep(pause)
        return hall

    assert in_virtual_time(talk()).said


async def test_it_is_heard_only_where_somebody_listens():
    bus = AgentEventBus()
    aloud = ThinkingAloud(bus, LoopClock(), SEATS, "AAPL", "d-1")
    assert not aloud.is_heard
    async with bus.subscribe("agent.vote.#"):
        assert not aloud.is_heard
    async with bus.subscribe("agent.thinking.AAPL.somebody_else"):
        assert not aloud.is_heard
    for pattern in ("#", "agent.thinking.AAPL.#", "agent.thinking.*.b"):
        async with bus.subscribe(pattern):
            assert aloud.is_heard
