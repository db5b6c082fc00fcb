"""How long to wait before trying again."""

import random
from typing import Final

_SHORTEST_S: Final = 0.1
_LONGEST_S: Final = 5.0
_STEEPEST: Final = 10


def growing_pause(failures: int) -> float:
    """Return seconds to wait after so many failures in a row: 0.1 doubling to 5, half of it by chance.

    The chance keeps processes that lost one broker from coming back to it all at once.
    """
    longest = min(_LONGEST_S, _SHORTEST_S * 2.0 ** min(failures - 1, _STEEPEST))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by guessing a pause
