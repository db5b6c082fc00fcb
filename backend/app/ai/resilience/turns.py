"""A queue in which symbols take turns."""

import asyncio
from collections import OrderedDict

Place = asyncio.Future[None]


class Turns:
    """Those who wait, served round-robin between symbols and in order of arrival within one; every step is O(1)."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[Place, None]] = OrderedDict()

    def __len__(self) -> int:
        """How many wait; those who left in this moment may still be counted."""
        return sum(map(len, self._waiting.values()))

    def join(self, symbol: str) -> Place:
        """Queue up; the place that is returned is done when it is one's turn."""
        place: Place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(symbol, OrderedDict())[place] = None
        return place

    def leave(self, symbol: str, place: Place) -> None:
        """Wait no more."""
        places = self._waiting.get(symbol)
        if places is not None:
            places.pop(place, None)
            if not places:
                del self._waiting[symbol]

    def call(self) -> bool:
        """Let the next one in; False when nobody waits."""
        while self._waiting:
            symbol, places = next(iter(self._waiting.items()))
            place, _ = places.popitem(last=False)
            if places:
                self._waiting.move_to_end(symbol)
            else:
                del self._waiting[symbol]
            if not place.done():
                place.set_result(None)
                return True
        return False
