"""What happened within the last minute, from totals that only grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals since the start at one moment: by name, and a distribution's counts by bucket."""

    by_name: Mapping[str, int]
    counts: Sequence[int]


class Minute:
    """Differences over the last minute, or since the first totals where that is shorter."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Totals]] = deque()

    def add(self, now: float, totals: Totals) -> None:
        """Note the totals of a moment (seconds of any steady clock)."""
        self._kept.append((now, totals))
        while len(self._kept) > 2 and now - self._kept[1][0] >= _SECONDS:
            self._kept.popleft()

    def rates(self) -> dict[str, float]:
        """Growth a second of each name; nothing before the second totals."""
        if len(self._kept) < 2:
            return {}
        (since, first), (now, last) = self._kept[0], self._kept[-1]
        return {name: (total - first.by_name.get(name, 0)) / (now - since) for name, total in last.by_name.items()}

    def counts(self) -> list[int]:
        """Growth of the distribution's counts."""
        if len(self._kept) < 2:
            return []
        first, last = self._kept[0][1].counts, self._kept[-1][1].counts
        return [after - before for before, after in zip(first, last, strict=True)]
