"""Figures of earlier moments, read in the background for whoever compares with them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Final

from dashboard.board import Moment
from dashboard.place import Place
from hubstat.domain import time as tm

# Every choice of comparison, wave and direction that one date has, and some of another.
_KEPT: Final = 48
# While the next moment of a live screen is read, the last one that was read is shown, so long ago at most (ms).
_LATELY: Final = 10 * tm.MINUTE
# (service date, wave, direction): what is read for one comparison, whatever the moment.
_Series = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class _Job:
    other: Moment
    reading: Future[None]


class Compared:
    """Reads moments one after the other; of a live screen one at a time. read: makes what a place shows of a moment."""

    def __init__(self, read: Callable[[Place, Moment], None]) -> None:
        self._read: Final = read
        self._jobs: Final[OrderedDict[tuple[_Series, int, int], _Job]] = OrderedDict()
        self._pool: Final = ThreadPoolExecutor(1, thread_name_prefix="compared")
        self._lock: Final = threading.Lock()

    def close(self) -> None:
        """Begin none of those that wait."""
        self._pool.shutdown(cancel_futures=True)

    def at(self, place: Place, other: Moment, *, live: bool) -> Moment | None:
        """The moment, once it has been read; for a live screen the last one read, while it is not old; else None.

        Raises what reading it raised; the next who asks tries again.
        """
        series = (other.day, place.wave, place.direction)
        key = (series, other.as_of, other.known_at)
        with self._lock:
            known = self._jobs.get(key)
            if known is None and not (live and any(not job.reading.done() for job in self._of(series))):
                known = self._jobs[key] = _Job(other, self._pool.submit(self._read, place, other))
            if known is not None:
                self._jobs.move_to_end(key)
            self._bound()
            read = [(each, job) for each, job in self._jobs.items() if each[0] == series and job.reading.done()]
            for each, job in read:
                if (error := job.reading.exception()) is not None:
                    del self._jobs[each]
                    raise error
        if any(each == key for each, _ in read):
            return other
        lately = [job.other for _, job in read if 0 <= other.as_of - job.other.as_of <= _LATELY]
        return max(lately, key=lambda each: each.as_of, default=None) if live else None

    def _of(self, series: _Series) -> Iterator[_Job]:
        return (job for (each, _, _), job in self._jobs.items() if each == series)

    def _bound(self) -> None:
        while len(self._jobs) > _KEPT:
            _, old = self._jobs.popitem(last=False)
            old.reading.cancel()
