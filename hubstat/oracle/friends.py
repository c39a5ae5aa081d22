"""One Friend on one service date: runs, plans, whether out, back or absent, and routes."""

from __future__ import annotations

from dataclasses import dataclass

from hubstat.oracle.activities import Activity
from hubstat.oracle.clock import MINUTE, Zone, date_text, day_number
from hubstat.oracle.records import PLANS, FriendEvent
from hubstat.oracle.roads import Road, measure, planned_breaks, recorded_breaks, silence
from hubstat.oracle.runs import SHIFT_MARGIN, Run, Shift, camp_of, give_route_events, planned_shifts, split_runs
from hubstat.oracle.spans import Span, clip, length, union

ON_TIME = 10 * MINUTE
ROUTE_CODES = ("ROUTE_STARTED", "ROUTE_ENDED")


@dataclass(frozen=True)
class Route:
    """A planned route: the camp that the plan names, and when it was to depart and did (epoch ms)."""

    camp: str | None
    planned: int
    departed: int | None

    @property
    def on_time(self) -> bool:
        """Departed at most 10 minutes after the plan."""
        return self.departed is not None and self.departed - self.planned <= ON_TIME

    @property
    def delay(self) -> int:
        """Ms departed after the plan, at least 0."""
        return 0 if self.departed is None else max(0, self.departed - self.planned)


@dataclass(frozen=True)
class FriendDate:
    """What is known of a Friend for a service date at (T, K).

    ``roads``: the runs of the date, in order; ``silent``: (the run, ms) of a Friend who is silent;
    ``remaining_break``: ms of planned break not yet taken.
    """

    camp: str | None
    roads: list[Road]
    shifts: list[Shift]
    absent: bool
    routes: list[Route]
    silent: tuple[Run, int] | None
    remaining_break: int

    @property
    def exists(self) -> bool:
        """Whether the Friend has a row of their own: worked, planned or absent."""
        return bool(self.roads or self.shifts or self.absent)

    @property
    def departure(self) -> int | None:
        """The earliest departure of the runs of the date."""
        departures = [road.run.departure for road in self.roads if road.run.departure is not None]
        return min(departures, default=None)

    @property
    def out(self) -> bool:
        """On the road in the last run."""
        return bool(self.roads) and self.roads[-1].run.departure is not None and not self.roads[-1].run.ended

    @property
    def back(self) -> bool:
        """The last run's route is ended; somebody who never departed is not back."""
        return self.departure is not None and self.roads[-1].run.ended

    @property
    def not_started(self) -> bool:
        """Planned, without a run, not absent."""
        return bool(self.shifts) and not self.roads and not self.absent

    @property
    def earliest_shift(self) -> Shift | None:
        """The first planned shift of the date."""
        return min(self.shifts, key=lambda shift: (shift.start, shift.end, shift.wave), default=None)


def friend_date(
    activities: list[Activity], events: list[FriendEvent], service_date: str, as_of: int, zone: Zone
) -> FriendDate:
    """A Friend for ``service_date``.

    ``activities`` and ``events`` are all of that Friend's up to T, known and not voided, events in their order.
    """
    day = day_number(service_date)
    window = range(day - 1, day + 2)
    all_shifts = planned_shifts(events)
    near = [event for event in events if event.code in PLANS or zone.day(event.time) in window]
    acts = sorted((act for act in activities if zone.day(act.time) in window), key=lambda act: act.order)
    begin, end = zone.start_of_day(window[0]) - SHIFT_MARGIN, zone.start_of_day(window[-1] + 1) + SHIFT_MARGIN
    near_shifts = [shift for shift in all_shifts if begin <= shift.end and shift.start <= end]
    runs = split_runs(acts, near_shifts)
    give_route_events(runs, near_shifts, [event for event in near if event.code in ROUTE_CODES])
    roads = [measure(run, near, acts, as_of) for run in runs if run.service_date(zone) == service_date]
    shifts = [shift for shift in all_shifts if shift.service_date == service_date]
    absences = [event for event in events if event.code == "ABSENT" and _dated(event, event.time, zone) == service_date]
    silent = None
    if roads and roads[-1].run is runs[-1]:
        quiet = silence(runs[-1], near, acts, as_of)
        silent = None if quiet is None else (runs[-1], quiet)
    return FriendDate(
        camp=camp_of([road.run for road in roads]) if roads else _planned_camp(shifts, absences),
        roads=roads,
        shifts=shifts,
        absent=bool(absences) and not roads,
        routes=_routes(events, near, roads, service_date, zone),
        silent=silent,
        remaining_break=_remaining_break(shifts, planned_breaks(events), recorded_breaks(near, acts, as_of), as_of),
    )


def _dated(event: FriendEvent, instant: int, zone: Zone) -> str:
    """The stated service date, else the local date of the instant."""
    return event.service_date or date_text(zone.day(instant))


def _planned_camp(shifts: list[Shift], absences: list[FriendEvent]) -> str | None:
    """The camp of the earliest shift that names one, else of the first absence that does."""
    ordered = sorted(shifts, key=lambda shift: (shift.start, shift.end, shift.wave))
    camps = [shift.camp for shift in ordered] + [event.camp for event in absences]
    return next((camp for camp in camps if camp is not None), None)


def _routes(
    events: list[FriendEvent], near: list[FriendEvent], roads: list[Road], service_date: str, zone: Zone
) -> list[Route]:
    """The routes of the date; of several plans of one route_id the last counts."""
    plans: dict[str, FriendEvent] = {}
    for event in events:
        if event.code != "ROUTE_PLANNED" or event.route_id is None or event.planned_from is None:
            continue
        if _dated(event, event.planned_from, zone) == service_date:
            plans[event.route_id] = event
    starts = [event for event in near if event.code == "ROUTE_STARTED"]
    named = any(event.route_id for event in starts)
    routes = []
    for route_id, plan in plans.items():
        departures = [event.time for event in starts if event.route_id == route_id]
        if not named:
            departures = [
                road.run.departure
                for road in roads
                if road.run.departure is not None
                and road.run.shift is not None
                and plan.wave in (None, road.run.shift.wave)
            ]
        assert plan.planned_from is not None
        routes.append(Route(plan.camp, plan.planned_from, departures[0] if departures else None))
    return routes


def _remaining_break(shifts: list[Shift], planned: list[Span], recorded: list[Span], as_of: int) -> int:
    """Ms of the breaks planned in the shifts of the date, less what was taken of them up to T, at least 0."""
    if not shifts:
        return 0
    breaks = union(span for span in planned if any(shift.distance(span[0]) <= SHIFT_MARGIN for shift in shifts))
    begin = min(shift.start for shift in shifts) - SHIFT_MARGIN
    taken = clip(recorded, (begin, as_of)) or [(start, min(end, as_of)) for start, end in breaks if start < as_of]
    return max(0, length(breaks) - length(taken))
