"""A ledger whose books can be looked into."""

from app.ai.spending.ledger import Ledger
from app.storage.repositories.in_memory import InMemoryDecisionStore


class ReadLedger(Ledger):
    def __init__(self, per_decision, per_day, clock):
        self.books = InMemoryDecisionStore().books
        super().__init__(self.books, per_decision, per_day, clock)

    async def of_decision(self, decision_id):
        return await self.books.spent(f"decision {decision_id}")

    async def spent_today(self):
        return await self.books.spent(f"day {self._clock.now().date()}")
