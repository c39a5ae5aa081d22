"""Runs: the work of a Friend divided into shifts and unbroken stretches, each with its route and its wave. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.log import Fact
from hubstat.domain.spans import Span

AROUND_SHIFT: Final = 2 * tm.HOUR
_RUN_GAP: Final = 6 * tm.HOUR
# Order of a Friend's events (C3), and of activities: an event id is unique within its invoice only.
ORDER: Final = attrgetter("time", "rank", "event_id")
WORK_ORDER: Final = attrgetter("time", "rank", "event_id", "invoice")


@dataclass(slots=True)
class Work:
    """One activity of a Friend at (T, K). time, promised_from: ms. service_date, wave: the event's, else the promise's.

    invoice: its key. Not frozen, because a tick makes two million of them and that would triple their cost.
    """

    time: int
    rank: int
    event_id: str
    code: str
    invoice: str
    camp: str | None
    address_key: str | None
    promised_from: int | None
    service_date: str | None
    wave: str | None

    @property
    def order(self) -> tuple[int, int, str, str]:
        """Place among the Friend's activities."""
        return (self.time, self.rank, self.event_id, self.invoice)


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned shift: its span (ms), service date, wave and camp."""

    start: int
    end: int
    service_date: str
    wave: str
    camp: str | None

    def near(self) -> Span:
        """The span whose activities the shift takes, both ends included, ms."""
        return (self.start - AROUND_SHIFT, self.end + AROUND_SHIFT)


@dataclass(slots=True)
class Run:
    """Work without a break in it: inside a planned shift, or with no gap over 6 h."""

    work: list[Work]
    shift: Shift | None
    starts: list[Fact] = field(default_factory=list)
    ends: list[Fact] = field(default_factory=list)

    @property
    def first(self) -> int:
        return self.work[0].time

    @property
    def last(self) -> int:
        return self.work[-1].time

    def departed(self) -> int | None:
        """The departure, ms: the earliest of ROUTE_STARTED and DEPARTED; None without any."""
        departures = [fact.time for fact in self.starts] + [w.time for w in self.work if w.code == "DEPARTED"]
        return min(departures, default=None)

    def route_end(self) -> int | None:
        """The last ROUTE_ENDED unless a ROUTE_STARTED follows; None while the route is not ended."""
        if not self.ends:
            return None
        last = max(self.ends, key=ORDER)
        return None if any(start.order > last.order for start in self.starts) else last.time

    def date(self, zone: ZoneInfo) -> str:
        """Service date: the shift's, else that of most activities (tie: the earliest)."""
        if self.shift is not None and self.shift.service_date:
            return self.shift.service_date
        return _most(w.service_date for w in self.work) or tm.local_date(self.first, zone).isoformat()

    def wave(self) -> str | None:
        """The shift's wave, else that of most activities (tie: the alphabetically first); None without any."""
        if self.shift is not None and self.shift.wave:
            return self.shift.wave
        return _most(w.wave for w in self.work)


def _most(votes: Iterable[str | None]) -> str | None:
    counts = Counter(vote for vote in votes if vote is not None)
    return min(counts, key=lambda vote: (-counts[vote], vote), default=None)


def shifts_of(facts: Iterable[Fact]) -> list[Shift]:
    """Planned shifts in force: a later plan of the same service date and wave replaces an earlier one."""
    plans: dict[tuple[str, str], Shift] = {}
    for fact in facts:
        sent = fact.sent
        if sent["code"] == "SHIFT_PLANNED":
            start, end = tm.parse_instant(sent["planned_from"]), tm.parse_instant(sent["planned_to"])
            date, wave = sent.get("service_date", ""), sent.get("wave", "")
            plans[date, wave] = Shift(start, end, date, wave, sent.get("camp_id"))
    return sorted(plans.values(), key=lambda shift: (shift.start, shift.end))


def _shift_at(shifts: Sequence[Shift], time: int) -> int | None:
    """Place of the shift that takes an instant: of those around it the nearer, then the earlier."""
    best, nearest = None, AROUND_SHIFT + 1
    for place, shift in enumerate(shifts):
        if shift.start <= time <= shift.end:
            return place
        distance = shift.start - time if time < shift.start else time - shift.end
        if distance < nearest:
            best, nearest = place, distance
    return best


def runs_of(work: Iterable[Work], facts: Iterable[Fact], shifts: Sequence[Shift]) -> list[Run]:
    """All runs of a Friend, in time order, each with its route starts and ends. shifts: as from ``shifts_of``."""
    by_shift: dict[int, Run] = {}
    free: list[Run] = []
    for item in sorted(work, key=WORK_ORDER):
        place = _shift_at(shifts, item.time)
        if place is not None:
            if place in by_shift:
                by_shift[place].work.append(item)
            else:
                by_shift[place] = Run([item], shifts[place])
        elif free and item.time - free[-1].last <= _RUN_GAP:
            free[-1].work.append(item)
        else:
            free.append(Run([item], None))
    runs = sorted([*by_shift.values(), *free], key=lambda run: run.work[0].order)
    for fact in facts:
        code = fact.sent["code"]
        if code != "ROUTE_STARTED" and code != "ROUTE_ENDED":
            continue
        place = _shift_at(shifts, fact.time)
        run = None if place is None else by_shift.get(place)
        if run is None:  # of no shift, or of one in which nobody worked
            run = _run_at(runs, fact.time, code == "ROUTE_STARTED")
        if run is not None:
            (run.starts if code == "ROUTE_STARTED" else run.ends).append(fact)
    return runs


def _run_at(runs: Sequence[Run], time: int, forward: bool) -> Run | None:
    for run in runs:
        if run.first <= time <= run.last:
            return run
    if forward:
        return min((r for r in runs if 0 <= r.first - time <= _RUN_GAP), key=lambda r: r.first, default=None)
    return max((r for r in runs if 0 <= time - r.last <= _RUN_GAP), key=lambda r: r.last, default=None)
