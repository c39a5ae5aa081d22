"""Marks: which service dates the records just written touch, so that the roll-up computes these again, whole.

A mark is made after the write and before the commit, for every record consumed, also when the write changed nothing: a
crash may have come between the write and the mark, and then the same records come again. Each mark is written blindly,
so its sequence number moves, and the roll-up clears it only where it is still the one it has read.

Open dates need no mark: at its closing a date is computed whole, from everything written until then. So only dates are
marked that have closed, or close within the next hour: by then what is written now may not be visible to a search yet,
and clocks differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain import time as tm
from hubstat.domain.contract import Event
from hubstat.domain.document import READ_AROUND, FriendLog, friend_event_dates
from hubstat.domain.log import EventLog
from hubstat.elastic.names import Names
from hubstat.elastic.writer import Write, Writer, all_written

_AHEAD: Final = tm.HOUR
_ONE: Final = timedelta(days=1)


class Marker:
    """Writes the marks of one worker. ``clock``: the present in ms."""

    def __init__(
        self,
        names: Names,
        writer: Writer,
        zone: ZoneInfo,
        clock: Callable[[], int],
    ) -> None:
        self._index = names.rollup_marks
        self._writer = writer
        self._zone = zone
        self._clock = clock

    @property
    def until(self) -> int:
        """Dates that close until then (ms) need a mark."""
        return self._clock() + _AHEAD

    async def mark(self, dates: Iterable[str]) -> None:
        """Mark the dates (``YYYY-MM-DD``) among these that need it; returns when all marks are safe."""
        until = self.until
        wanted = sorted(date for date in dates if tm.closing(tm.parse_date(date), self._zone) <= until)
        if wanted:
            now = self._clock()
            marks = [Write(self._index, date, mark_body(date, now), None, True) for date in wanted]
            all_written(await self._writer.bulk(marks), f"a mark in {self._index}")


def mark_body(date: str, now: int) -> bytes:
    """A mark as stored; ``now``: ms."""
    return orjson.dumps({"service_date": date, "marked_at": now})


def stated_dates(log: EventLog) -> set[str]:
    """Service dates that any event of an invoice states: its promise may have left one and come to another."""
    return {copy.sent["service_date"] for _, copy in log if "service_date" in copy.sent}


def concerned_since(log: EventLog, consumed: Iterable[Event]) -> int:
    """Earliest time (ms) at which the consumed events (already in the invoice's log) may change what is true of it."""
    times: list[int] = []
    for event in consumed:
        # A correction voids its target at every time; a copy may take the place of one with another time.
        every = event.copy.sent["code"] == "CORRECTED"
        times += [copy.time for _, copy in log] if every else [copy.time for copy in log.copies[event.event_id]]
    return min(times)


def closing_between(since: int, until: int, zone: ZoneInfo) -> set[str]:
    """Service dates whose closing lies between two times (ms, both included).

    What waits is counted whatever its service date: a scan of yesterday evening that arrives this afternoon changes
    what waited at noon, and so what the date that closed at noon shows.
    """
    found: set[str] = set()
    day = tm.local_date(since, zone) - _ONE
    while (closing := tm.closing(day, zone)) <= until:
        if closing >= since:
            found.add(day.isoformat())
        day += _ONE
    return found


def friend_dates(date: str, consumed: Iterable[Event]) -> set[str]:
    """Service dates whose Friend-days a document of a local date is part of, and those that its events state."""
    day = tm.parse_date(date)
    dates = {(day + timedelta(days=offset)).isoformat() for offset in READ_AROUND}
    return dates | {event.copy.sent["service_date"] for event in consumed if "service_date" in event.copy.sent}


def corrected_ids(corrections: EventLog, consumed: Iterable[Event]) -> set[str]:
    """Ids of the friend events that the consumed corrections (already in the log) name, in any copy."""
    return {
        copy.sent["corrects"]
        for event in consumed
        for copy in corrections.copies[event.event_id]
        if "corrects" in copy.sent
    }


def corrected_dates(log: FriendLog, targets: set[str], zone: ZoneInfo) -> set[str]:
    """Service dates that the targets among a Friend's events of one document belong to."""
    found: set[str] = set()
    for event_id in targets & log.events.copies.keys():
        for copy in log.events.copies[event_id]:
            event = Event("", event_id, copy)
            for date in friend_event_dates(event, zone):
                found |= friend_dates(date, [event])
    return found
