"""A network that never stops: its day is in progress now, and the next days follow."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from hubstat.domain import time as tm
from hubstat.simulator.day import simulate_day
from hubstat.simulator.network import NetworkSpec
from hubstat.simulator.record import Options, Record
from hubstat.simulator.scale import Scale

# The first record of a service date arrives at most so long before its midnight: the registrations begin then.
LEAD: Final = 16 * tm.HOUR
DEMO_OPTIONS: Final = Options(duplicates=0.02, out_of_order=0.01, corrections=0.003)
DEMO_SCALE: Final = Scale(weekly=True)
# Service dates before today's that are sent whole; older ones are history.
PAST_DAYS: Final = 1
# The stream has passed a date when it is so far beyond its last record that this one was surely sent.
_PASSED: Final = 10 * tm.MINUTE
OnDate = Callable[[date, bool], None]


def demo_stream(
    spec: NetworkSpec, now_ms: int, seed: int, options: Options = DEMO_OPTIONS, on_date: OnDate | None = None
) -> Iterator[Record]:
    """Endless records: the past up to ``now_ms``, to be sent at once, then those to send at their received time.

    The past begins with today's service date, so that a board has it first; ``PAST_DAYS`` service dates before it
    follow. Within each, and in all that is to come, records are ordered by received time. Waves overlap, so parcels
    are delivered in nearly every minute of any day. A later start sends the same records again.
    ``on_date`` is called with a service date and False before its first record, with True once all of them were sent.
    """
    merged = _Merged(spec, seed, options, on_date or (lambda day, passed: None))
    today = tm.local_date(now_ms, tm.zone(spec.country))
    merged.following = today
    yield from merged.until(now_ms)
    for days in range(1, PAST_DAYS + 1):
        merged.add(today - timedelta(days=days))
        yield from merged.until(now_ms)
    yield from merged.until(None)


class _Merged:
    """The days under way, merged by received time; the ``following`` ones join as time comes to them."""

    following: date

    def __init__(self, spec: NetworkSpec, seed: int, options: Options, on_date: OnDate) -> None:
        self._spec = spec
        self._seed = seed
        self._options = options
        self._on_date = on_date
        self._over: deque[tuple[int, date]] = deque()
        self._days: list[tuple[int, int, Record, Iterator[Record]]] = []

    def add(self, day: date) -> None:
        """Let a service date join."""
        self._on_date(day, False)
        records = simulate_day(self._spec, day, self._seed, self._options, scale=DEMO_SCALE)
        first = next(records)
        heapq.heappush(self._days, (first.received_ms, day.toordinal(), first, records))

    def until(self, end_ms: int | None) -> Iterator[Record]:
        """Records received up to ``end_ms``; None: without end."""
        zone = tm.zone(self._spec.country)
        while True:
            while not self._days or tm.day_start(self.following, zone) - LEAD <= self._days[0][0]:
                self.add(self.following)
                self.following += timedelta(days=1)
            received, number, record, records = self._days[0]
            if end_ms is not None and received > end_ms:
                return
            while self._over and received > self._over[0][0] + _PASSED:
                self._on_date(self._over.popleft()[1], True)
            after = next(records, None)
            if after is None:
                heapq.heappop(self._days)
                self._over.append((received, date.fromordinal(number)))
            else:
                heapq.heapreplace(self._days, (after.received_ms, number, after, records))
            yield record
