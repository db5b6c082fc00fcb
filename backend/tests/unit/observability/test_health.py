import asyncio
from datetime import timedelta

import pytest

from app.domain.errors import StoreUnavailableError
from app.observability.health import DEGRADED, DOWN, UP, HealthBoard, Standing
from tests.builders import START


class SteppingClock:
    """Moves on by a minute with every look."""

    def __init__(self):
        self.moment = START

    def now(self):
        self.moment += timedelta(minutes=1)
        return self.moment

    def monotonic(self):
        return 0.0


async def test_a_part_that_answers_is_up_and_one_that_raises_is_down_with_its_reason():
    async def well():
        return "fine"

    async def ill():
        raise StoreUnavailableError("The disk is full.")

    async def odd():
        raise RuntimeError("secret detail")

    report = await HealthBoard({"bus": well, "store": ill, "odd": odd}, SteppingClock()).report()
    assert (report["bus"]["status"], report["bus"]["detail"]) == ("up", "fine")
    assert (report["store"]["status"], report["store"]["detail"]) == ("down", "The disk is full.")
    assert report["odd"]["detail"] == "RuntimeError"


async def test_since_tells_when_the_state_last_changed():
    state = ["up", "up", "down", "down"]

    async def part():
        if state.pop(0) == "down":
            raise StoreUnavailableError("gone")
        return "here"

    board = HealthBoard({"part": part}, SteppingClock())
    seen = [(await board.report())["part"]["since"] for _ in range(4)]
    assert seen[0] == seen[1] != seen[2] == seen[3]


def standing(**changes):
    async def check():
        return Standing("as told", **changes)

    return check


async def fine():
    return "fine"


async def test_a_part_says_itself_why_it_does_less_and_since_when():
    since = START - timedelta(hours=2)
    board = HealthBoard({}, SteppingClock())
    board.add("anthropic", standing(status=DEGRADED, reason="it fails", since=since))

    assert (await board.report())["anthropic"] == {
        "status": "degraded",
        "detail": "as told",
        "reason": "it fails",
        "since": since.isoformat(),
    }


async def test_what_is_up_has_no_reason_and_what_raises_has_its_own():
    async def ill():
        raise StoreUnavailableError("The disk is full.")

    report = await HealthBoard({"bus": fine, "store": ill}, SteppingClock()).report()
    assert (report["bus"]["reason"], report["store"]["reason"]) == (None, "The disk is full.")


@pytest.mark.parametrize(
    ("store", "provider", "whole"),
    [(UP, UP, UP), (UP, DEGRADED, DEGRADED), (UP, DOWN, DEGRADED), (DEGRADED, UP, DEGRADED), (DOWN, UP, DOWN)],
)
async def test_the_whole_is_down_with_an_essential_part_alone(store, provider, whole):
    board = HealthBoard({"store": standing(status=store)}, SteppingClock())
    board.add("provider", standing(status=provider))
    assert board.overall(await board.report()) == whole


async def test_a_part_that_was_added_counts_until_it_is_forgotten():
    board = HealthBoard({"store": fine}, SteppingClock())
    forget = board.add("outbox", standing(status=DOWN))
    assert board.overall(await board.report()) == DEGRADED
    forget()
    assert (await board.report()).keys() == {"store"}
    assert board.overall(await board.report()) == UP


async def test_parts_of_a_group_come_and_go():
    parts = {}
    board = HealthBoard({"store": fine}, SteppingClock())
    board.add_group(lambda: parts)
    assert (await board.report()).keys() == {"store"}
    parts["provider_ollama"] = fine
    assert (await board.report()).keys() == {"store", "provider_ollama"}


async def test_a_part_that_does_not_answer_is_down_and_keeps_no_other_from_being_told_of():
    async def mute():
        await asyncio.Event().wait()

    report = await HealthBoard({"mute": mute, "store": fine}, SteppingClock(), patience_s=0.05).report()
    assert (report["mute"]["status"], report["store"]["status"]) == (DOWN, UP)
    assert report["mute"]["reason"] == "no answer within 0.05 s"
