"""The variance of a return given those before it: GJR-GARCH(1, 1).

v[t + 1] = omega + (alpha + gamma * (e[t] < 0)) * v[t] * e[t]**2 + beta * v[t], with e[t] the standardised shock
(L. Glosten, R. Jagannathan and D. Runkle, 1993, J. Finance 48, 1779-1801). With the shocks given it is affine in v.
"""

from dataclasses import dataclass

import numpy as np

from app.domain.market import Column
from app.testing.mock_market.recursions import affine


@dataclass(frozen=True, slots=True)
class Garch:
    """A fitted model of standardised returns, whose mean variance is 1.

    Args:
        alpha: weight of the last squared shock; gamma: what a fall adds to it; beta: weight of the last variance.
        degrees: of freedom of the shocks' Student t, above 2.
    """

    alpha: float
    gamma: float
    beta: float
    degrees: float

    def deviations(self, shocks: Column) -> Column:
        """Return the standard deviation of each return, float64[n], from the shocks of unit variance before it."""
        weight = np.where(shocks < 0, self.alpha + self.gamma, self.alpha)
        factor = weight * shocks * shocks + self.beta
        omega = 1 - self.alpha - self.gamma / 2 - self.beta
        return np.sqrt(affine(factor, np.full(len(shocks), omega), 1.0))
