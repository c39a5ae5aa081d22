"""How large a date is played: the whole network, or a part of it in which each Friend's day stays whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

# Volume by weekday, Monday first; its mean is about 1.
_VOLUME: Final = (1.02, 1.08, 1.05, 1.03, 1.02, 0.95, 0.85)


@dataclass(frozen=True, slots=True)
class Scale:
    """``friends``: the share of each camp's and wave's Friends who are played, with their parcels; at least one.

    ``weekly``: whether the number of invoices follows the weekday.
    """

    friends: float = 1.0
    weekly: bool = False

    def volume(self, day: date) -> float:
        """Invoices of a day for each invoice of a mean day."""
        return _VOLUME[day.weekday()] if self.weekly else 1.0


WHOLE: Final = Scale()
