"""Where simulated bars come from."""

from datetime import datetime
from typing import Protocol

from app.domain.market import Bars, Interval, NewsItem


class MockMarket(Protocol):
    """A market made from a seed: the same seed, symbol, regime and arguments give the same bars."""

    def generate_bars(
        self,
        symbol: str,
        regime: str,
        count: int,
        *,
        interval: Interval = ...,
        start: datetime | None = None,
        start_price: float = 100.0,
        lead_in: int | None = None,
        sessions: bool = True,
    ) -> Bars:
        """Return `count` bars, of which the first `lead_in` are of a usual market.

        Args:
            start: of the first bar.
            sessions: whether bars shorter than a day keep to sessions or run around the clock.

        Raises:
            UnknownNameError: there is no such regime; the message lists those there are.
        """

    def generate_news(self, symbol: str, bars: Bars) -> tuple[NewsItem, ...]:
        """Return headlines on bars, oldest first, each at the end of the bar that it is about."""
