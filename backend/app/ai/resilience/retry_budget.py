"""How many calls to one provider may be made a second time."""


class RetryBudget:
    """Lets retries and hedges be a fixed share of all calls, so that an outage is not met with twice the load.

    Args:
        calls_per_retry: calls that earn one retry; 10 allows a tenth more requests than calls.
        floor: retries that are there at the start and the most that can be saved up.
    """

    def __init__(self, calls_per_retry: int = 10, floor: int = 10) -> None:
        self._price = calls_per_retry
        self._most = floor * calls_per_retry
        self._saved = self._most

    def earn(self) -> None:
        """Note a call."""
        self._saved = min(self._saved + 1, self._most)

    def take(self) -> bool:
        """Spend one retry; False when there is none."""
        if self._saved < self._price:
            return False
        self._saved -= self._price
        return True
