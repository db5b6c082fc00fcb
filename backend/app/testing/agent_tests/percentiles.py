"""How long things took."""

from collections.abc import Sequence

import numpy as np


def latencies(taken_ms: Sequence[float]) -> dict[str, float | None]:
    """Return p50, p90, p99 and max in milliseconds, three decimals; None of nothing."""
    if not taken_ms:
        return {"p50": None, "p90": None, "p99": None, "max": None}
    found = np.percentile(np.asarray(taken_ms), (50, 90, 99, 100))
    return {name: round(float(each), 3) for name, each in zip(("p50", "p90", "p99", "max"), found, strict=True)}
