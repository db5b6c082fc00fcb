"""One simulated market on its way: bars on a clock through the bus, and the panel's decision on each."""

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from app.domain.errors import ConflictError, NotFoundError, OverloadedError, StoreError
from app.domain.events import Event, market_topic, market_update
from app.domain.identifiers import new_id
from app.domain.market import Bars, Interval
from app.domain.questions import Question
from app.domain.simulations import HISTORY, SIMULATED, SimulationPlan, SymbolTally
from app.domain.times import from_micros
from app.events.agent_event_bus import AgentEventBus
from app.events.mailbox import Mailbox
from app.events.multi_agent_coordinator import MultiAgentCoordinator
from app.ports.clock import Clock
from app.ports.mock_market import MockMarket

UNREAD: Final = 1_024
FRESH: Final = 20
DAY_S: Final = 86_400


class Simulation:
    """Runs a plan: for each symbol one task prints bars, one hears them on the bus, one asks the panel.

    A panel that is slower than the clock looks at the newest bar and passes over those that came meanwhile.

    Args:
        market: made from the plan's seed; it is asked for every bar at once, before the first is told.
    """

    def __init__(
        self,
        plan: SimulationPlan,
        market: MockMarket,
        coordinator: MultiAgentCoordinator,
        bus: AgentEventBus,
        clock: Clock,
    ) -> None:
        self.simulation_id = new_id()
        self.plan = plan
        self.started_at = clock.now()
        self._coordinator = coordinator
        self._bus = bus
        self._clock = clock
        self._series = {symbol: self._bars(market, symbol) for symbol in plan.symbols}
        self._news = {symbol: market.generate_news(symbol, bars) for symbol, bars in self._series.items()}
        self.tallies = {symbol: _nothing_yet(bars) for symbol, bars in self._series.items()}

    def _bars(self, market: MockMarket, symbol: str) -> Bars:
        """Return the history, which ends now at the start price, and the bars to come."""
        tried = self._bars_from(market, symbol, self.plan.start_price)
        return self._bars_from(market, symbol, self.plan.start_price**2 / float(tried.close[HISTORY - 1]))

    def _bars_from(self, market: MockMarket, symbol: str, price: float) -> Bars:
        plan = self.plan
        return market.generate_bars(
            symbol,
            plan.regime,
            HISTORY + plan.bars,
            interval=plan.interval,
            start=self.started_at.replace(microsecond=0) - _length_of_history(plan.interval),
            start_price=price,
            lead_in=HISTORY,
            sessions=False,
        )

    async def check(self) -> None:
        """Do nothing if the panel can be asked as planned.

        Raises:
            InvalidInputError: it cannot; names what is wrong and the next step.
        """
        for symbol in self.plan.symbols:
            await self._coordinator.check(self._question(symbol, 0))

    async def run(self) -> None:
        """Go on to the last bar of every symbol and the decision on it; cancelling it ends everything at once."""
        begun = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            for symbol in self.plan.symbols:
                group.create_task(self._watched(symbol, begun), name=f"simulated market {symbol}")

    async def _watched(self, symbol: str, begun: float) -> None:
        mailbox = Mailbox()
        async with self._bus.subscribe(market_topic(symbol), UNREAD) as deliveries, asyncio.TaskGroup() as group:
            ear = group.create_task(self._hear(deliveries, symbol, mailbox), name=f"simulated bars of {symbol}")
            panel = group.create_task(self._decide(symbol, mailbox), name=f"simulated panel for {symbol}")
            await self._print(symbol, mailbox, begun)
            ear.cancel()
            panel.cancel()

    async def _print(self, symbol: str, mailbox: Mailbox, begun: float) -> None:
        """Tell every bar when it is over; without a clock, when the panel has taken up the one before."""
        for number in range(self.plan.bars):
            await self._until(begun, number + 1)
            await self._coordinator.announce(self._printed(symbol, number))
            if not self.plan.speed:
                await mailbox.taken_up(number)
        await mailbox.settled(self.plan.bars - 1)

    async def _until(self, begun: float, bars: int) -> None:
        """Wait for the moment at which so many bars are over."""
        if self.plan.speed:
            due = begun + bars * self.plan.interval.seconds / self.plan.speed
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))

    def _printed(self, symbol: str, number: int) -> Event:
        bars, tally = self._series[symbol], self.tallies[symbol]
        tally.bars, tally.last_price = number + 1, float(bars.close[HISTORY + number])
        told = {
            **_bar(bars, HISTORY + number),
            "bar": number + 1,
            "regime": self.plan.regime,
            "simulation_id": self.simulation_id,
            SIMULATED: True,
        }
        return market_update(told, symbol, self._clock.now())

    async def _hear(self, deliveries: AsyncIterable[Event], symbol: str, mailbox: Mailbox) -> None:
        async for event in deliveries:
            if event.data.get("simulation_id") == self.simulation_id and event.symbol == symbol:
                mailbox.put(event.data["bar"] - 1)

    async def _decide(self, symbol: str, mailbox: Mailbox) -> None:
        tally, last = self.tallies[symbol], -1
        while True:
            number = await mailbox.take()
            question = self._question(symbol, number + 1)
            is_decided = await self._decided(question, tally)
            tally.skipped += number - last - is_decided
            last = number
            mailbox.done(number)

    async def _decided(self, question: Question, tally: SymbolTally) -> bool:
        """Count what was decided; False where the desk had too much to do, or somebody stopped the decision."""
        try:
            tally.count(await self._coordinator.decide(question))
        except (OverloadedError, ConflictError):
            return False
        except asyncio.CancelledError:
            with suppress(NotFoundError, StoreError):
                await self._coordinator.withdraw(question.decision_id)
                tally.count(await self._coordinator.record(question.decision_id))
            raise
        return True

    def _question(self, symbol: str, stop: int) -> Question:
        """Ask about the bars before live bar `stop`, as many as the history, and the headlines of the latest."""
        bars = self._series[symbol].between(stop, HISTORY + stop)
        since, until = (from_micros(int(each)) for each in (bars.times[-FRESH], bars.ends_at))
        news = tuple(item for item in self._news[symbol] if since < item.timestamp <= until)
        asked: dict[str, Any] = dict(self.plan.asked)
        return Question(symbol, bars, news=news, correlation_id=self.simulation_id, is_simulated=True, **asked)


def _bar(bars: Bars, place: int) -> dict[str, Any]:
    names = ("open", "high", "low", "close", "volume")
    figures = {name: float(column[place]) for name, column in zip(names, bars.columns()[1:], strict=True)}
    begun, over = (from_micros(int(bars.times[place]) + length) for length in (0, bars.interval.micros))
    times = {"timestamp": begun.isoformat(), "ends_at": over.isoformat(), "interval": bars.interval.text}
    return {**times, **figures}


def _length_of_history(interval: Interval) -> timedelta:
    """Return how long before now the history begins: bars of a day come on weekdays alone."""
    length = HISTORY * timedelta(seconds=interval.seconds)
    return length * 7 / 5 if interval.seconds == DAY_S else length


def _nothing_yet(bars: Bars) -> SymbolTally:
    price = float(bars.close[HISTORY - 1])
    return SymbolTally(first_price=price, last_price=price)
