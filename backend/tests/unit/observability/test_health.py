from datetime import timedelta

from app.domain.errors import StoreUnavailableError
from app.observability.health import HealthBoard
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
