"""A network that never stops: its day is in progress now, and the next days follow."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from hubstat.domain import time as tm
from hubstat.simulator.day import simulate_day
from hubstat.simulator.network import NetworkSpec
from hubstat.simulator.record import Options, Record

# The first record of a service date arrives at most so long before its midnight: the registrations begin then.
LEAD: Final = 16 * tm.HOUR
DEMO_OPTIONS: Final = Options(duplicates=0.02, out_of_order=0.01, corrections=0.003)


def demo_stream(
    spec: NetworkSpec, now_ms: int, seed: int, options: Options = DEMO_OPTIONS, history_days: int = 1
) -> Iterator[Record]:
    """Endless records: the past up to ``now_ms``, to be sent at once, then those to send at their received time.

    The past begins with today's service date, so that a board has it first; ``history_days`` service dates before it
    follow. Within each, and in all that is to come, records are ordered by received time. Waves overlap, so parcels
    are delivered in nearly every minute of any day. A later start sends the same records again.
    """
    merged = _Merged(spec, seed, options)
    today = tm.local_date(now_ms, tm.zone(spec.country))
    merged.following = today
    yield from merged.until(now_ms)
    for days in range(1, history_days + 1):
        merged.add(today - timedelta(days=days))
        yield from merged.until(now_ms)
    yield from merged.until(None)


class _Merged:
    """The days under way, merged by received time; the ``following`` ones join as time comes to them."""

    following: date

    def __init__(self, spec: NetworkSpec, seed: int, options: Options) -> None:
        self._spec = spec
        self._seed = seed
        self._options = options
        self._days: list[tuple[int, int, Record, Iterator[Record]]] = []

    def add(self, day: date) -> None:
        """Let a service date join."""
        records = simulate_day(self._spec, day, self._seed, self._options)
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
            after = next(records, None)
            if after is None:
                heapq.heappop(self._days)
            else:
                heapq.heapreplace(self._days, (after.received_ms, number, after, records))
            yield record
