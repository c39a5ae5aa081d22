"""How values are distributed, in buckets of fixed bounds: what Prometheus calls a histogram, and shares of a while."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

SECONDS: Final = (
    0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0,
    60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0,
)  # fmt: skip
DOCUMENTS: Final = (1.0, 10.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 1500.0, 2000.0, 3000.0, 5000.0, 10000.0)
BYTES: Final = tuple(float(1024 * 4**power) for power in range(9))


class Distribution:
    """Counts by bucket. Observed by one thread; another may read meanwhile and sees a state of just before or after."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float, weight: int = 1) -> None:
        """Count a value ``weight`` times."""
        self._counts[bisect_left(self.bounds, value)] += weight
        self.total += value * weight

    def counts(self) -> tuple[int, ...]:
        """Values at most each bound and above the one before, then those above the last."""
        return tuple(self._counts)

    def cumulative(self) -> list[tuple[str, float]]:
        """Upper bound as text and values at most it, as Prometheus wants them."""
        bounds = [*(repr(bound) for bound in self.bounds), "+Inf"]
        return [(bound, float(count)) for bound, count in zip(bounds, accumulate(self._counts), strict=True)]


def quantile(bounds: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """The value that a share of the counted ones does not pass, linear within its bucket; None of nothing.

    Above the last bound it is the last bound.
    """
    wanted = share * sum(counts)
    if not wanted:
        return None
    below = 0
    for place, count in enumerate(counts[:-1]):
        if below + count >= wanted:
            lower = bounds[place - 1] if place else 0.0
            return lower + (bounds[place] - lower) * (wanted - below) / count
        below += count
    return bounds[-1]
