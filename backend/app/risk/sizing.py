"""How much, and where to get out: position size by volatility and drawdown, stop and target by true range."""

TARGET_VOLATILITY = 0.15
DRAWDOWN_LIMIT = 0.30
STOP_RANGES, TARGET_RANGES = 2.0, 3.0
LEAST_PRICE_SHARE = 0.1
LEAST_RANGE, GREATEST_RANGE = 0.001, 1.0


def volatility_target_size(volatility: float, target: float = TARGET_VOLATILITY, cap: float = 1.0) -> float:
    """Return the share of equity at which the holding swings as much as wanted, in [0, cap].

    Source: Moreira and Muir (2017), Volatility-Managed Portfolios, J. Finance 72.

    Args:
        volatility: annualised, a fraction; 0 gives the cap.
        target: annualised volatility of the whole equity.
    """
    return cap if volatility * cap <= target else target / volatility


def drawdown_scale(drawdown: float, limit: float = DRAWDOWN_LIMIT) -> float:
    """Return the share of the size to keep after a fall: 1 at the high, 0 once the limit is reached.

    Source: Grossman and Zhou (1993), Optimal Investment Strategies for Controlling Drawdowns, Math. Finance 3: exposure
    in proportion to what is left above the floor.
    """
    return max(0.0, 1 - drawdown / limit)


def stop_and_target(price: float, true_range: float, side: int) -> tuple[float, float]:
    """Return stop loss and take profit, two and three average true ranges away, one on either side of the price.

    The range counts as at least a thousandth of the price and at most all of it; no level lies below a tenth of it.

    Source: Wilder (1978), New Concepts in Technical Trading Systems (volatility stop).

    Args:
        true_range: average true range in the unit of the price.
        side: 1 for a long holding, -1 for a short one.
    """
    floor = price * LEAST_PRICE_SHARE
    reach = side * min(max(true_range, price * LEAST_RANGE), price * GREATEST_RANGE)
    stop, target = price - STOP_RANGES * reach, price + TARGET_RANGES * reach
    return max(stop, floor), max(target, floor)
