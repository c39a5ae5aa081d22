"""The fold of one Friend-day: from a Friend's events and activities to its productivity figures. Pure.

One computation: a Friend-day is the summary of the details of its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.baselines import ALLOWANCE, NO_BASELINES, AreaOf, Baselines, no_area
from hubstat.domain.codes import STOPS
from hubstat.domain.excluded import EXCLUDED_KINDS, Pauses, planned_breaks, recorded_intervals
from hubstat.domain.log import Fact
from hubstat.domain.runparts import Gap, RunDetail, StopDone, detail_of
from hubstat.domain.runs import ORDER, WORK_ORDER, Run, Shift, Work, runs_of, shifts_of
from hubstat.domain.spans import Span

__all__ = [
    "EXCLUDED_KINDS",
    "Effort",
    "FriendDay",
    "FriendDetail",
    "Gap",
    "Route",
    "RunDetail",
    "Status",
    "StopDone",
    "Work",
    "friend_day_detail",
    "friend_days",
]

# worked: neither out nor back, for want of a departure (in the last run: out). none: a planned route is all there is.
Status = Literal["out", "back", "absent", "not_started", "worked", "none"]
_LAST_NET: Final = tm.HOUR
_DONE: Final = STOPS - {"ATTEMPT_FAILED"}


class Effort(NamedTuple):
    """Runs of one wave added: net on-road time (ms) and stops outside batch scans."""

    wave: str | None
    net: int
    stops: int


class Route(NamedTuple):
    """A planned route: when it was to depart and when it did, ms; None: not yet. camp: where it counts."""

    route_id: str
    camp: str | None
    planned: int
    departed: int | None


@dataclass(frozen=True, slots=True)
class FriendDay:
    """One Friend on one service date at T. Times and lengths in ms; hours are counted from the epoch.

    runs: 0 for a Friend who is planned or absent and did nothing. worked: completions by hour; net: net on-road time by
    hour; stops_by_hour: by first scan. silence: None for a Friend who is not out on the last run. first_departure: of
    all runs. last_wave: of the last run, else of the earliest planned shift. recent_stops, recent_net: of the latest
    60 min of net time. starts_at: start of the earliest planned shift where there is no run. shift_end: of the latest.
    allowance: of the last run. Silence and remaining break depend on T alone while nothing new is known: see ``at``.
    """

    friend_id: str
    service_date: str
    camp: str | None
    worked: dict[int, int]
    net: dict[int, int]
    stops_by_hour: dict[int, int]
    on_road: int
    excluded: dict[str, int]
    net_on_road: int
    idle: int
    stops: int
    batch_scans: int
    runs: int
    planned: bool
    status: Status
    efforts: tuple[Effort, ...]
    silence: int | None
    allowance: int
    pauses: Pauses
    first_departure: int | None
    waves: tuple[str, ...]
    last_wave: str | None
    recent_stops: int
    recent_net: int
    starts_at: int | None
    remaining_break: int
    shift_end: int | None
    routes: tuple[Route, ...]
    last_activity: int | None

    @property
    def silent_long(self) -> bool:
        """Whether the silence is longer than the allowance."""
        return self.silence is not None and self.silence > self.allowance

    def at(self, as_of: int) -> FriendDay:
        """The same Friend-day at a later T (ms), up to which nothing new has become known."""
        silence, remaining = self.pauses.silence(as_of), self.pauses.remaining_break(as_of)
        if silence == self.silence and remaining == self.remaining_break:
            return self
        return replace(self, silence=silence, remaining_break=remaining)


@dataclass(frozen=True, slots=True)
class FriendDetail:
    """A Friend-day with the runs it sums, in time order. completed: invoice keys with their first completion, ms."""

    day: FriendDay
    runs: tuple[RunDetail, ...]
    completed: dict[str, int]


def friend_days(
    friend_id: str,
    facts: Sequence[Fact],
    work: Sequence[Work],
    *,
    service_date: str,
    as_of: int,
    zone: ZoneInfo,
    baselines: Baselines = NO_BASELINES,
    area_of: AreaOf = no_area,
) -> FriendDay | None:
    """The Friend-day of one service date at T; None without a run, a shift, a route and an absence of that date.

    facts: the Friend's events in force at (T, K), in the order of C3; work: activities in force at (T, K). area_of: of
    a camp on the service date.
    """
    detail = friend_day_detail(
        friend_id,
        facts,
        work,
        service_date=service_date,
        as_of=as_of,
        zone=zone,
        baselines=baselines,
        area_of=area_of,
    )
    return None if detail is None else detail.day


def friend_day_detail(
    friend_id: str,
    facts: Sequence[Fact],
    work: Sequence[Work],
    *,
    service_date: str,
    as_of: int,
    zone: ZoneInfo,
    baselines: Baselines = NO_BASELINES,
    area_of: AreaOf = no_area,
) -> FriendDetail | None:
    """As ``friend_days``, with the parts of every run."""
    day = tm.parse_date(service_date)
    window = (tm.day_start(day - timedelta(days=1), zone), tm.day_end(day + timedelta(days=1), zone) + 1)
    inside = sorted((w for w in work if window[0] <= w.time < window[1]), key=WORK_ORDER)
    known = [f for f in facts if "planned_from" in f.sent or window[0] <= f.time < window[1]]
    shifts = shifts_of(known)
    own = sorted((s for s in shifts if s.service_date == service_date), key=lambda s: (s.start, s.end, s.wave))
    every_run = runs_of(inside, known, shifts)
    runs = [run for run in every_run if run.date(zone) == service_date]
    absences = [] if runs else _absences(facts, service_date, zone)
    camp = _camp(runs) if runs else _camp_without_run(own, absences)
    recorded = recorded_intervals(known, inside)
    planned = planned_breaks(known)
    routes = _routes(known, runs, service_date, camp, zone)
    if not (runs or own or absences or routes):
        return None
    area = area_of(camp)
    details: list[RunDetail] = []
    for run in runs:
        wave = run.wave()
        details.append(detail_of(run, wave, baselines.allowance(area, wave), recorded, planned))
    on_the_road = (
        details and every_run[-1] is runs[-1] and details[-1].departed is not None and details[-1].ended is None
    )
    last = runs[-1].last if on_the_road else None
    pauses = Pauses(
        last=last,
        since=details[-1].reach[0] if details else 0,
        recorded=tuple(s for of_kind in recorded.values() for s in of_kind if last is not None and s[1] > last),
        breaks=tuple(recorded["break"]),
        planned=tuple(planned),
        near=tuple(shift.near() for shift in own),
    )
    silence = pauses.silence(as_of)
    recent_stops, recent_net = _recent(details)
    completed = _completed(runs)
    waves = [detail.wave for detail in details]
    last_wave = waves[-1] if waves else None
    return FriendDetail(
        FriendDay(
            friend_id=friend_id,
            service_date=service_date,
            camp=camp,
            worked=_by_hour(completed),
            net=_net_by_hour(details),
            stops_by_hour=_stops_by_hour(details),
            on_road=sum(d.on_road[1] - d.on_road[0] for d in details),
            excluded=_excluded(details),
            net_on_road=sum(spans.length(d.net) for d in details),
            idle=sum(gap.idle for d in details for gap in d.gaps),
            stops=sum(len(d.stops) for d in details),
            batch_scans=sum(len(d.batches) for d in details),
            runs=len(runs),
            planned=bool(own),
            status=_status(details, bool(absences), bool(own)),
            efforts=_efforts(details),
            silence=silence,
            allowance=details[-1].allowance if details else ALLOWANCE,
            pauses=pauses,
            first_departure=min((d.departed for d in details if d.departed is not None), default=None),
            waves=tuple(dict.fromkeys(wave for wave in waves if wave is not None)),
            last_wave=own[0].wave if last_wave is None and own else last_wave,
            recent_stops=recent_stops,
            recent_net=recent_net,
            starts_at=own[0].start if own and not runs else None,
            remaining_break=pauses.remaining_break(as_of),
            shift_end=max((shift.end for shift in own), default=None),
            routes=routes,
            last_activity=runs[-1].last if runs else None,
        ),
        tuple(details),
        completed,
    )


def _absences(facts: Iterable[Fact], service_date: str, zone: ZoneInfo) -> list[Fact]:
    """ABSENT events of a date: the one they state, else the local date of their time."""
    return [
        fact
        for fact in facts
        if fact.sent["code"] == "ABSENT"
        and (fact.sent.get("service_date") or tm.local_date(fact.time, zone).isoformat()) == service_date
    ]


def _camp(runs: Sequence[Run]) -> str | None:
    """Camp of the first route start, else of the first activity that names one."""
    start = min((fact for run in runs for fact in run.starts), key=ORDER, default=None)
    if start is not None and "camp_id" in start.sent:
        return str(start.sent["camp_id"])
    return next((w.camp for run in runs for w in run.work if w.camp is not None), None)


def _camp_without_run(shifts: Sequence[Shift], absences: Sequence[Fact]) -> str | None:
    """Camp of the earliest shift that names one, else of the absence."""
    named = [shift.camp for shift in shifts if shift.camp is not None]
    named += [str(fact.sent["camp_id"]) for fact in absences if "camp_id" in fact.sent]
    return named[0] if named else None


def _status(details: Sequence[RunDetail], absent: bool, planned: bool) -> Status:
    if details:
        last = details[-1]
        if last.ended is not None:
            # Who ended a route without ever having departed was never out.
            return "back" if any(detail.departed is not None for detail in details) else "worked"
        return "worked" if last.departed is None else "out"
    return "absent" if absent else "not_started" if planned else "none"


def _routes(
    facts: Iterable[Fact], runs: Sequence[Run], service_date: str, camp: str | None, zone: ZoneInfo
) -> tuple[Route, ...]:
    """Planned routes of a date by id, each with its departure."""
    plans: dict[str, Fact] = {}
    started: dict[str, int] = {}
    for fact in facts:
        sent = fact.sent
        if sent["code"] == "ROUTE_PLANNED" and "route_id" in sent and "planned_from" in sent:
            start = tm.parse_instant(sent["planned_from"])
            if (sent.get("service_date") or tm.local_date(start, zone).isoformat()) == service_date:
                plans[sent["route_id"]] = fact
        elif sent["code"] == "ROUTE_STARTED" and "route_id" in sent:
            started.setdefault(sent["route_id"], fact.time)
    found: list[Route] = []
    for route_id, plan in sorted(plans.items()):
        departed = started.get(route_id) if started else _departure_of_shift(runs, plan.sent.get("wave"))
        at = tm.parse_instant(plan.sent["planned_from"])
        found.append(Route(route_id, plan.sent.get("camp_id") or camp, at, departed))
    return tuple(found)


def _departure_of_shift(runs: Sequence[Run], wave: str | None) -> int | None:
    """Departure of the earliest run of a shift of that wave (None: of any) that has one."""
    of_wave = (run for run in runs if run.shift is not None and wave in {None, run.shift.wave})
    return next((departed for run in of_wave if (departed := run.departed()) is not None), None)


def _completed(runs: Sequence[Run]) -> dict[str, int]:
    """Invoices completed, each with its first completion, ms."""
    done: dict[str, int] = {}
    for run in runs:
        for w in run.work:
            if w.code in _DONE and w.invoice not in done:
                done[w.invoice] = w.time
    return done


def _by_hour(completed: Mapping[str, int]) -> dict[int, int]:
    hours: dict[int, int] = {}
    for time in completed.values():
        hours[time // tm.HOUR] = hours.get(time // tm.HOUR, 0) + 1
    return hours


def _net_by_hour(details: Sequence[RunDetail]) -> dict[int, int]:
    hours: dict[int, int] = {}
    for detail in details:
        for start, end in detail.net:
            for hour in range(start // tm.HOUR, (end - 1) // tm.HOUR + 1):
                hours[hour] = hours.get(hour, 0) + min(end, (hour + 1) * tm.HOUR) - max(start, hour * tm.HOUR)
    return hours


def _stops_by_hour(details: Sequence[RunDetail]) -> dict[int, int]:
    hours: dict[int, int] = {}
    for detail in details:
        for stop in detail.stops:
            hour = stop.first // tm.HOUR
            hours[hour] = hours.get(hour, 0) + 1
    return hours


def _excluded(details: Sequence[RunDetail]) -> dict[str, int]:
    total = dict.fromkeys(EXCLUDED_KINDS, 0)
    for detail in details:
        for kind, found in detail.excluded.items():
            if found:
                total[kind] += spans.length(spans.clip(found, detail.on_road))
    return total


def _efforts(details: Sequence[RunDetail]) -> tuple[Effort, ...]:
    added: dict[str | None, Effort] = {}
    for detail in details:
        known = added.get(detail.wave, Effort(detail.wave, 0, 0))
        added[detail.wave] = Effort(detail.wave, known.net + detail.effective_net, known.stops + detail.effective_stops)
    return tuple(added.values())


def _recent(details: Sequence[RunDetail]) -> tuple[int, int]:
    """Stops that began in the latest 60 min of net time, and its length in ms (less where there is less)."""
    parts: list[Span] = details[0].net if len(details) == 1 else spans.union(p for d in details for p in d.net)
    left, begin = _LAST_NET, None
    for start, end in reversed(parts):
        begin = max(start, end - left)
        left -= end - begin
        if not left:
            break
    if begin is None:
        return 0, 0
    return sum(stop.first >= begin for d in details for stop in d.stops), _LAST_NET - left
