"""When the roll-up service takes up a date that is due. Pure, but for the clocks it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from hubstat.elastic.marks import Mark

# A date rests so many times as long as it took; so does the service before it takes up dates that are written to.
_REST: Final = 3.0
# A date that is never left alone is not put off for longer than so many quiet times.
_PATIENCE: Final = 12


class Schedule:
    """Puts off dates that are being written to, or were computed just now. quiet: ms."""

    def __init__(self, quiet: int) -> None:
        self._quiet = quiet
        self._first_seen: dict[date, int] = {}
        self._rests_until: dict[date, float] = {}
        self._patient_until = 0.0

    def ready(self, due: Mapping[date, Mark | None], now: int, seconds: float) -> list[date]:
        """Dates to take up now, ascending; now: ms, as marks have it; seconds: of a clock that never goes back."""
        self._first_seen = {day: self._first_seen.get(day, now) for day in due}
        self._rests_until = {day: end for day, end in self._rests_until.items() if end > seconds}
        impatient = seconds >= self._patient_until
        return sorted(day for day, mark in due.items() if self._is_ready(day, mark, now, impatient))

    def _is_ready(self, day: date, mark: Mark | None, now: int, impatient: bool) -> bool:
        if day in self._rests_until:
            return False
        if mark is None or now - mark.marked_at >= self._quiet:
            return True
        return impatient and now - self._first_seen[day] >= _PATIENCE * self._quiet

    def ran(self, day: date, began: float, ended: float) -> None:
        """A date was computed between these times (seconds of the same clock)."""
        self._rests_until[day] = ended + _REST * (ended - began)
        self._patient_until = max(self._patient_until, began) + (1 + _REST) * (ended - began)
        self._first_seen.pop(day, None)


def to_audit(closed: Iterable[date], audited: Iterable[date], last: date, days: int = 3) -> list[date]:
    """Rolled up dates among the last ones closed that have no audit yet, the earliest first."""
    return sorted(day for day in set(closed) - set(audited) if (last - day).days < days)
