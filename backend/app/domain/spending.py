"""What models cost: tokens, money, time."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Spend:
    """An amount.

    Args:
        tokens: in and out.
        dollars: None when the price is not known.
        seconds: that models took.
    """

    tokens: int = 0
    dollars: Decimal | None = Decimal(0)
    seconds: float = 0.0
