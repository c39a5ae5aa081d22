"""The runs of one Friend: which activities belong together, and to which shift, date and wave."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hubstat.oracle.activities import Activity
from hubstat.oracle.clock import HOUR, Zone, date_text
from hubstat.oracle.records import FriendEvent
from hubstat.oracle.spans import Span

SHIFT_MARGIN = 2 * HOUR
RUN_GAP = 6 * HOUR


@dataclass(frozen=True)
class Shift:
    """A planned shift in epoch ms."""

    service_date: str
    wave: str
    camp: str | None
    start: int
    end: int

    def distance(self, instant: int) -> int:
        """How far the instant lies outside; 0 inside."""
        return max(self.start - instant, instant - self.end, 0)


@dataclass
class Run:
    """Activities that belong together, in order, and the shift that took them (None: unplanned)."""

    activities: list[Activity]
    shift: Shift | None
    route_events: list[FriendEvent] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Time of the first activity."""
        return self.activities[0].time

    @property
    def last(self) -> int:
        """Time of the last activity."""
        return self.activities[-1].time

    @property
    def departure(self) -> int | None:
        """The earliest start of the route or departure scan."""
        started = [event.time for event in self.route_events if event.code == "ROUTE_STARTED"]
        return min(started + [act.time for act in self.activities if act.code == "DEPARTED"], default=None)

    @property
    def ended(self) -> bool:
        """Whether the route was ended and not started again."""
        return bool(self.route_events) and self.route_events[-1].code == "ROUTE_ENDED"

    @property
    def wave(self) -> str | None:
        """The shift's wave, else the one of most activities (tie: the alphabetically first), else none."""
        if self.shift is not None:
            return self.shift.wave
        votes = Counter(act.wave for act in self.activities if act.wave)
        return min(votes, key=lambda wave: (-votes[wave], wave), default=None)

    def service_date(self, zone: Zone) -> str:
        """The shift's service date, else the one most activities vote for, else the local date it began on."""
        if self.shift is not None:
            return self.shift.service_date
        votes = Counter(act.service_date for act in self.activities if act.service_date)
        if not votes:
            return date_text(zone.day(self.first))
        return min(votes, key=lambda day: (-votes[day], day))

    def on_road(self) -> Span:
        """[departure, else first activity; route end, else last activity]."""
        start = self.first if self.departure is None else self.departure
        end = self.route_events[-1].time if self.ended else self.last
        return (start, max(start, end))


def planned_shifts(events: list[FriendEvent]) -> list[Shift]:
    """The shifts in force: of one (service date, wave) the last plan."""
    latest = {(event.service_date, event.wave): event for event in events if event.code == "SHIFT_PLANNED"}
    shifts = []
    for event in latest.values():
        assert event.service_date is not None
        assert event.wave is not None
        assert event.planned_from is not None
        assert event.planned_to is not None
        shifts.append(Shift(event.service_date, event.wave, event.camp, event.planned_from, event.planned_to))
    return shifts


def nearest_shift(instant: int, shifts: list[Shift]) -> Shift | None:
    """The shift that takes the instant: within its margin, of two the nearer, then the earlier."""
    near = [shift for shift in shifts if shift.distance(instant) <= SHIFT_MARGIN]
    return min(near, key=lambda shift: (shift.distance(instant), shift.start, shift.end)) if near else None


def split_runs(activities: list[Activity], shifts: list[Shift]) -> list[Run]:
    """The runs, in order of their first activity."""
    by_shift: dict[Shift, list[Activity]] = defaultdict(list)
    unplanned: list[Run] = []
    for act in activities:
        shift = nearest_shift(act.time, shifts)
        if shift is not None:
            by_shift[shift].append(act)
        elif unplanned and act.time - unplanned[-1].last <= RUN_GAP:
            unplanned[-1].activities.append(act)
        else:
            unplanned.append(Run([act], None))
    planned = [Run(taken, shift) for shift, taken in by_shift.items()]
    return sorted(planned + unplanned, key=lambda run: run.activities[0].order)


def give_route_events(runs: list[Run], shifts: list[Shift], events: list[FriendEvent]) -> None:
    """Give each start and end of a route to its run: the shift's, the one around it, the next (an end: the last)."""
    for event in events:
        run = _run_of(event, runs, shifts)
        if run is not None:
            run.route_events.append(event)


def _run_of(event: FriendEvent, runs: list[Run], shifts: list[Shift]) -> Run | None:
    shift = nearest_shift(event.time, shifts)
    of_shift = next((run for run in runs if run.shift is not None and run.shift == shift), None)
    if of_shift is not None:
        return of_shift
    around = next((run for run in runs if run.first <= event.time <= run.last), None)
    if around is not None:
        return around
    if event.code == "ROUTE_STARTED":
        return next((run for run in runs if 0 <= run.first - event.time <= RUN_GAP), None)
    return next((run for run in reversed(runs) if 0 <= event.time - run.last <= RUN_GAP), None)


def camp_of(runs: list[Run]) -> str | None:
    """The camp of the first start of a route, else of the first activity that names one."""
    starts = [event for run in runs for event in run.route_events if event.code == "ROUTE_STARTED"]
    first = min(starts, key=lambda event: event.order, default=None)
    if first is not None and first.camp is not None:
        return first.camp
    return next((act.camp for run in runs for act in run.activities if act.camp), None)
