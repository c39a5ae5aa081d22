"""Which live snapshots are made when: those that somebody looks at at every tick, the others now and then."""

from __future__ import annotations

import threading
from datetime import date
from typing import Final

from aggregations.board import Board
from aggregations.reader import Reader
from aggregations.snapshot import Snapshots

# A date that nobody has looked at for so long is made anew more seldom (ms): what is shown first is at hand even so. It
# is longer than the longest interval that a page offers.
_LOOKED_AT_WITHIN: Final = 45_000
_UNSEEN_PAUSE: Final = 8_000


class Keeping:
    """Whoever asks for a snapshot makes it where it is due; once ``keep`` is called, that is left to its caller.

    looked_at: set when somebody comes to a date that nobody was looking at.
    """

    def __init__(self, snapshots: Snapshots, reader: Reader) -> None:
        self._snapshots: Final = snapshots
        self._reader: Final = reader
        self._lock: Final = threading.Lock()
        self._looked: Final[dict[date, int]] = {}
        self._failed: Final[set[date]] = set()
        self._kept = False
        self.looked_at: Final = threading.Event()

    def snapshot(self, day: date) -> Board:
        """The latest snapshot of a date; what making the last one raised is met by those who ask."""
        now = self._reader.clock()
        with self._lock:
            last, self._looked[day] = self._looked.get(day), now
        if last is None or now - last > _LOOKED_AT_WITHIN:
            self.looked_at.set()
        if self._kept and day not in self._failed:
            return self._snapshots.latest(day)
        return self._snapshots.current(day)

    def next_in(self, day: date) -> tuple[int, int] | None:
        """Until the next snapshot of a date is expected, and from it to the one after it, ms; None where it is made
        when somebody asks for it."""
        ready = self._snapshots.next_ready(day) if self._kept else None
        return None if ready is None else (ready[0] - self._reader.clock(), ready[1])

    def keep(self) -> float:
        """Make the snapshots that are due, of the dates at work and of those looked at; s until one is due again.

        Raises what making one raised, when all have been tried.
        """
        self._kept = True
        seen = self._seen(self._reader.clock())
        failures: list[Exception] = []
        due: list[int] = []
        active: list[date] = []
        try:
            active = self._reader.active_dates()
        except Exception as error:  # Elasticsearch that answers nothing: those who look are told at once
            failures.append(error)
        for day in sorted({*active, *seen}):
            more = 0 if day in seen else max(0, _UNSEEN_PAUSE - self._snapshots.interval)
            if self._snapshots.due(day) + more <= self._reader.clock():
                try:
                    self._snapshots.current(day)
                    self._failed.discard(day)
                except Exception as error:
                    self._failed.add(day)
                    failures.append(error)
            due.append(self._snapshots.due(day) + more)
        if failures:
            raise failures[0]
        return max(0.0, (min(due) - self._reader.clock()) / 1000)

    def _seen(self, now: int) -> set[date]:
        """Dates that somebody looks at."""
        with self._lock:
            for day, at in list(self._looked.items()):
                if now - at > _LOOKED_AT_WITHIN:
                    del self._looked[day]
                    self._failed.discard(day)
            return set(self._looked)
