"""What is set aside for requests to models, as tests of the books need it."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from app.domain.spending import Account, Limits, Reservation, Spend

from .decision_drafts import NOW

UNLIMITED = Limits()
SOME = Spend(100, Decimal("0.01"), 2.0)
_numbers = count()


def a_reservation(
    need: Spend = SOME,
    per_decision: Limits = UNLIMITED,
    per_day: Limits = UNLIMITED,
    *,
    decision: str = "a",
    days: int = 0,
) -> Reservation:
    day = NOW.date() + timedelta(days=days)
    accounts = Account.of_day(day, per_day), Account.of_decision(decision, per_decision)
    return Reservation(f"r{next(_numbers)}", need, day, *accounts)
