"""Friend-days: the runs of one Friend, their time on the road, what is excluded from it, idle time, stops, batches."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from hubstat.oracle.activities import COMPLETIONS, Activity
from hubstat.oracle.clock import HOUR, MINUTE, Zone, date_text, day_number
from hubstat.oracle.records import PLANS, FriendEvent
from hubstat.oracle.spans import Span, clip, length, union

SHIFT_MARGIN = 2 * HOUR
RUN_GAP = 6 * HOUR
STOP_GAP = 10 * MINUTE
BATCH_WINDOW = MINUTE
BATCH_PLACES = 3
ALLOWANCE = 15 * MINUTE
KINDS = ("break", "app_lock", "load_wait", "window_wait", "incident", "offline")
STARTS = {
    "BREAK_STARTED": ("break", "BREAK_ENDED"),
    "APP_LOCKED": ("app_lock", "APP_UNLOCKED"),
    "LOAD_WAIT_STARTED": ("load_wait", "LOAD_WAIT_ENDED"),
    "INCIDENT_STARTED": ("incident", "INCIDENT_ENDED"),
    "OFFLINE_STARTED": ("offline", "OFFLINE_ENDED"),
}


@dataclass
class Work:
    """What Friend-days add up to; durations in ms, hours as ``YYYY-MM-DDTHH``."""

    friend_days: int = 0
    on_road: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    net: int = 0
    idle: int = 0
    stops: int = 0
    batches: int = 0
    worked: Counter[str] = field(default_factory=Counter)
    net_by_hour: Counter[str] = field(default_factory=Counter)

    def add(self, other: Work) -> None:
        """Add other Friend-days."""
        self.friend_days += other.friend_days
        self.on_road += other.on_road
        self.excluded.update(other.excluded)
        self.net += other.net
        self.idle += other.idle
        self.stops += other.stops
        self.batches += other.batches
        self.worked.update(other.worked)
        self.net_by_hour.update(other.net_by_hour)

    def figures(self) -> dict[str, object]:
        """The productivity figures under their own keys; minutes and rates unrounded."""
        hours = sorted(self.worked.keys() | self.net_by_hour.keys())
        return {
            "friend_days": self.friend_days,
            "on_road_minutes": self.on_road / MINUTE,
            "excluded_minutes": {kind: self.excluded[kind] / MINUTE for kind in KINDS},
            "net_on_road_minutes": self.net / MINUTE,
            "idle_minutes": self.idle / MINUTE,
            "stops": self.stops,
            "batch_scans": self.batches,
            "worked_by_hour": {hour: self.worked[hour] for hour in hours},
            "net_minutes_by_hour": {hour: self.net_by_hour[hour] / MINUTE for hour in hours},
            "invoices_per_hour": {hour: per_hour(self.worked[hour], self.net_by_hour[hour]) for hour in hours},
        }


def per_hour(done: int, net: int) -> float | None:
    """Done ÷ net hours; None under 10 net minutes."""
    return done / (net / HOUR) if net >= 10 * MINUTE else None


@dataclass(frozen=True)
class Shift:
    """A planned shift in epoch ms."""

    service_date: str
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
        departures = [event.time for event in self.route_events if event.code == "ROUTE_STARTED"]
        departures += [act.time for act in self.activities if act.code == "DEPARTED"]
        start = min(departures) if departures else self.first
        is_ended = bool(self.route_events) and self.route_events[-1].code == "ROUTE_ENDED"
        end = self.route_events[-1].time if is_ended else self.last
        return (start, max(start, end))


def friend_day(
    activities: list[Activity], events: list[FriendEvent], service_date: str, as_of: int, zone: Zone
) -> tuple[Work, str | None] | None:
    """One Friend's work dated ``service_date`` and the camp it goes to; None when no run has that date.

    ``activities`` and ``events`` are all of that Friend's up to T, known and not voided, events in their order.
    """
    day = day_number(service_date)
    window = range(day - 1, day + 2)
    shifts = planned_shifts(events)
    events = [event for event in events if event.code in PLANS or zone.day(event.time) in window]
    in_window = sorted((act for act in activities if zone.day(act.time) in window), key=lambda act: act.order)
    runs = split_runs(in_window, shifts)
    give_route_events(runs, shifts, [event for event in events if event.code in ("ROUTE_STARTED", "ROUTE_ENDED")])
    dated = [run for run in runs if run.service_date(zone) == service_date]
    if not dated:
        return None
    work = Work(friend_days=1)
    for run in dated:
        measure(work, run, events, in_window, as_of, zone)
    count_worked(work, dated, zone)
    return work, camp_of(dated)


def planned_shifts(events: list[FriendEvent]) -> list[Shift]:
    """The shifts in force: of one (service date, wave) the last plan."""
    latest = {(event.service_date, event.wave): event for event in events if event.code == "SHIFT_PLANNED"}
    shifts = []
    for event in latest.values():
        assert event.service_date is not None
        assert event.planned_from is not None
        assert event.planned_to is not None
        shifts.append(Shift(event.service_date, event.planned_from, event.planned_to))
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


def measure(
    work: Work, run: Run, events: list[FriendEvent], activities: list[Activity], as_of: int, zone: Zone
) -> None:
    """Add one run: its minutes, its idle time, its stops and batches."""
    road = run.on_road()
    kinds = excluded(run, events, activities, as_of, road)
    for kind, spans in kinds.items():
        work.excluded[kind] += length(clip(spans, road))
    all_away = union(span for spans in kinds.values() for span in spans)
    away = clip(all_away, road)
    work.on_road += road[1] - road[0]
    work.net += road[1] - road[0] - length(away)
    add_net_by_hour(work, road, away, zone)
    batches = batch_scans(run)
    work.batches += len(batches)
    work.idle += idle(run, all_away, batches)
    work.stops += count_stops(run)


def excluded(
    run: Run, events: list[FriendEvent], activities: list[Activity], as_of: int, road: Span
) -> dict[str, list[Span]]:
    """The spans of each kind that take nothing from a Friend."""
    kinds: dict[str, list[Span]] = {kind: [] for kind in KINDS}
    for start in events:
        if start.code in STARTS:
            kind, end_code = STARTS[start.code]
            kinds[kind].append((start.time, interval_end(start, end_code, events, activities, as_of)))
    if not clip(kinds["break"], (min(road[0], run.first), max(road[1], run.last))):
        kinds["break"] = [
            (event.planned_from, event.planned_to)
            for event in events
            if event.code == "BREAK_PLANNED" and event.planned_from is not None and event.planned_to is not None
        ]
    for before, stop in zip(run.activities, run.activities[1:], strict=False):
        if stop.is_stop and stop.promised_from is not None and stop.time >= stop.promised_from:
            kinds["window_wait"].append((before.time, stop.promised_from))
    return kinds


def interval_end(
    start: FriendEvent, end_code: str, events: list[FriendEvent], activities: list[Activity], as_of: int
) -> int:
    """Its END, else ``until``, else the next activity, else T; never later than the next START of its kind."""
    later = [event for event in events if event.order > start.order]
    restart = next((event.time for event in later if event.code == start.code), as_of)
    end = next((event.time for event in later if event.code == end_code), None)
    if end is None or end > restart:
        end = start.until
    if end is None:
        end = next((act.time for act in activities if act.time > start.time), as_of)
    return min(end, restart, as_of)


def add_net_by_hour(work: Work, road: Span, away: list[Span], zone: Zone) -> None:
    """Split the net time on the road by local hour; an hour without any is left out."""
    start = zone.hour_start(road[0])
    while start < road[1]:
        hour = (max(start, road[0]), min(start + HOUR, road[1]))
        net = hour[1] - hour[0] - length(clip(away, hour))
        if net:
            work.net_by_hour[zone.hour(start)] += net
        start += HOUR


def batch_scans(run: Run) -> list[Span]:
    """The batches as (first scan, last scan): windows of a minute with at least 3 places, overlapping ones joined."""
    scans = [act for act in run.activities if act.is_stop]
    windows = []
    for position, act in enumerate(scans):
        places = set()
        for other in scans[position:]:
            if other.time > act.time + BATCH_WINDOW:
                break
            places.add(other.place)
        if len(places) >= BATCH_PLACES:
            windows.append((act.time, act.time + BATCH_WINDOW))
    return [(start, max(act.time for act in scans if act.time <= end)) for start, end in union(windows)]


def idle(run: Run, away: list[Span], batches: list[Span]) -> int:
    """Σ max(0, gap − excluded − allowance) over the gaps between consecutive activities, in ms.

    Also the gaps before the departure or after the route's end: the work there counts as work.
    """
    total = 0
    for before, act in zip(run.activities, run.activities[1:], strict=False):
        if any(first <= act.time <= last for first, last in batches):
            continue
        remainder = act.time - before.time - length(clip(away, (before.time, act.time)))
        total += max(0, remainder - ALLOWANCE)
    return total


def count_stops(run: Run) -> int:
    """Runs of scans at one place with gaps of at most 10 minutes."""
    stops = 0
    before: Activity | None = None
    for act in run.activities:
        if not act.is_stop:
            continue
        if before is None or act.place != before.place or act.time - before.time > STOP_GAP:
            stops += 1
        before = act
    return stops


def count_worked(work: Work, runs: list[Run], zone: Zone) -> None:
    """Completions by local hour; an invoice counts once, at its first scan."""
    seen = set()
    for run in runs:
        for act in run.activities:
            if act.code in COMPLETIONS and act.invoice not in seen:
                seen.add(act.invoice)
                work.worked[zone.hour(act.time)] += 1


def camp_of(runs: list[Run]) -> str | None:
    """The camp of the first start of a route, else of the first activity that names one."""
    starts = [event for run in runs for event in run.route_events if event.code == "ROUTE_STARTED"]
    first = min(starts, key=lambda event: event.order, default=None)
    if first is not None and first.camp is not None:
        return first.camp
    return next((act.camp for run in runs for act in run.activities if act.camp), None)
