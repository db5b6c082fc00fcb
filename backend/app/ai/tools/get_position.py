"""Tool: what the account holds of the symbol."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from app.domain.market import AnalysisContext
from app.ports.analyst import ToolArguments


class GetPosition:
    """Looks the symbol up in the account."""

    name: ClassVar = "get_position"
    description: ClassVar = "Quantity held, its value, and its share of equity; money as strings."
    arguments: ClassVar = ToolArguments
    quick: ClassVar = True

    def run(self, context: AnalysisContext) -> Mapping[str, Any]:
        """Return `quantity`, `value` and `share_of_equity` (signed fraction, None when equity is not known)."""
        position = context.position
        quantity = position.quantity if position else Decimal(0)
        value = quantity * Decimal(repr(context.price))
        equity = context.account.equity if context.account else None
        share = float(value / equity) if equity and equity > 0 else None
        return {"quantity": str(quantity), "value": str(value), "share_of_equity": share}
