"""The plan: how much of what is due should be completed by when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hubstat.oracle.baselines import FIRST_OFFSET, OFFSETS
from hubstat.oracle.clock import HOUR, Zone


@dataclass
class Plan:
    """Planned completions, cumulative, by the end of each of the 72 hours, and the due that has a plan."""

    due: int = 0
    curve: list[float] = field(default_factory=lambda: [0.0] * len(OFFSETS))

    def add(self, due: int, shares: list[float]) -> None:
        """Add a part of the network that has plan shares."""
        self.due += due
        self.curve = [planned + due * share for planned, share in zip(self.curve, shares, strict=True)]

    def figures(self, midnight: int, as_of: int, zone: Zone) -> dict[str, Any]:
        """The figures under their own keys; None without any part that has a plan. ``midnight``: of the date."""
        if not self.due:
            return {"plan": None, "plan_by_hour": None, "plan_due": 0}
        return {"plan": self._at(midnight, as_of), "plan_by_hour": self._by_hour(midnight, zone), "plan_due": self.due}

    def _by_hour(self, midnight: int, zone: Zone) -> dict[str, float]:
        """From the first hour with anything to the first with the greatest."""
        first = next((place for place, value in enumerate(self.curve) if value > 0), len(self.curve))
        last = self.curve.index(max(self.curve))
        return {
            zone.hour(midnight + (FIRST_OFFSET + place) * HOUR): self.curve[place] for place in range(first, last + 1)
        }

    def _at(self, midnight: int, as_of: int) -> float:
        """The plan at an instant, linear between the ends of hours."""
        since = as_of - (midnight + (FIRST_OFFSET + 1) * HOUR)  # since the end of the first hour
        place, into = divmod(since, HOUR)
        if place < 0:
            return 0.0
        if place >= len(self.curve) - 1:
            return self.curve[-1]
        return self.curve[place] + (self.curve[place + 1] - self.curve[place]) * into / HOUR
