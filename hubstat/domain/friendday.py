"""The fold of one Friend-day: from a Friend's events and activities to its productivity figures. Pure.

One computation: a Friend-day is the summary of the details of its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.baselines import ALLOWANCE, NO_BASELINES, AreaOf, Baselines, no_area
from hubstat.domain.codes import STOPS
from hubstat.domain.excluded import (
    EXCLUDED_KINDS,
    RECORDED_KINDS,
    WINDOW_WAIT,
    Pauses,
    planned_breaks,
    recorded_intervals,
)
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
    "Schedule",
    "Status",
    "StopDone",
    "Work",
    "Worked",
    "day_of",
    "friend_day_detail",
    "friend_days",
    "schedule_of",
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
        return too_long(self.silence, self.allowance)

    def at(self, as_of: int) -> FriendDay:
        """The same Friend-day at a later T (ms), up to which nothing new has become known."""
        silence, remaining = self.pauses.silence(as_of), self.pauses.remaining_break(as_of)
        if silence == self.silence and remaining == self.remaining_break:
            return self
        return replace(self, silence=silence, remaining_break=remaining)


def too_long(silence: int | None, allowance: int) -> bool:
    """Whether a silence is longer than the allowance, both in ms; who is not on the road has none."""
    return silence is not None and silence > allowance


@dataclass(frozen=True, slots=True)
class FriendDetail:
    """A Friend-day with the runs it sums, in time order. completed: invoice keys with their first completion, ms."""

    day: FriendDay
    runs: tuple[RunDetail, ...]
    completed: dict[str, int]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a Friend's own events in force at (T, K) say of one service date.

    window: the days around the date whose events and activities are looked at, ms. known: the events of the window, and
    all plans. shifts: all in force; own: those of the date, earliest first. breaks: planned ones, ms. routes: the
    planned ones of the date by id; started: routes' first starts by id, ms.
    """

    service_date: str
    window: Span
    known: tuple[Fact, ...]
    shifts: tuple[Shift, ...]
    own: tuple[Shift, ...]
    absences: tuple[Fact, ...]
    breaks: tuple[Span, ...]
    routes: dict[str, Fact]
    started: dict[str, int]


class Worked(Protocol):
    """What the runs of a service date add up to; times and lengths in ms. Without a run only ``recorded`` is looked at.

    camp: of the first route start, else of the first activity that names one. out_since: the last activity of who is on
    the road; begin: of the last run. recorded: intervals of the kinds of ``RECORDED_KINDS``; excluded: on the road, by
    the same kinds, and then what was waited for windows. allowance: of the last run. waves: of every run. departures:
    of the runs of shifts, with the shift's wave ("": none). The rest as in :class:`FriendDay`.
    """

    @property
    def runs(self) -> int: ...
    @property
    def camp(self) -> str | None: ...
    @property
    def out_since(self) -> int | None: ...
    @property
    def begin(self) -> int: ...
    @property
    def last_activity(self) -> int: ...
    @property
    def recorded(self) -> Sequence[Sequence[Span]]: ...
    @property
    def worked(self) -> dict[int, int]: ...
    @property
    def net(self) -> dict[int, int]: ...
    @property
    def stops_by_hour(self) -> dict[int, int]: ...
    @property
    def on_road(self) -> int: ...
    @property
    def excluded(self) -> Sequence[int]: ...
    @property
    def net_on_road(self) -> int: ...
    @property
    def idle(self) -> int: ...
    @property
    def stops(self) -> int: ...
    @property
    def batch_scans(self) -> int: ...
    @property
    def status(self) -> Status: ...
    @property
    def efforts(self) -> Sequence[tuple[str | None, int, int]]: ...
    @property
    def allowance(self) -> int: ...
    @property
    def first_departure(self) -> int | None: ...
    @property
    def waves(self) -> Sequence[str | None]: ...
    @property
    def recent_stops(self) -> int: ...
    @property
    def recent_net(self) -> int: ...
    @property
    def departures(self) -> Sequence[tuple[str, int | None]]: ...


def schedule_of(facts: Sequence[Fact], service_date: str, zone: ZoneInfo) -> Schedule:
    """The schedule of a date. facts: the Friend's events in force at (T, K), in the order of C3."""
    day = tm.parse_date(service_date)
    window = (tm.day_start(day - timedelta(days=1), zone), tm.day_end(day + timedelta(days=1), zone) + 1)
    known = tuple(f for f in facts if "planned_from" in f.sent or window[0] <= f.time < window[1])
    shifts = tuple(shifts_of(known))
    own = sorted((s for s in shifts if s.service_date == service_date), key=lambda s: (s.start, s.end, s.wave))
    routes: dict[str, Fact] = {}
    started: dict[str, int] = {}
    for fact in known:
        sent = fact.sent
        if sent["code"] == "ROUTE_PLANNED" and "route_id" in sent and "planned_from" in sent:
            start = tm.parse_instant(sent["planned_from"])
            if (sent.get("service_date") or tm.local_date(start, zone).isoformat()) == service_date:
                routes[sent["route_id"]] = fact
        elif sent["code"] == "ROUTE_STARTED" and "route_id" in sent:
            started.setdefault(sent["route_id"], fact.time)
    return Schedule(
        service_date,
        window,
        known,
        shifts,
        tuple(own),
        tuple(_absences(facts, service_date, zone)),
        tuple(planned_breaks(known)),
        routes,
        started,
    )


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
    schedule = schedule_of(facts, service_date, zone)
    detail = friend_day_detail(friend_id, schedule, work, as_of=as_of, zone=zone, baselines=baselines, area_of=area_of)
    return None if detail is None else detail.day


def friend_day_detail(
    friend_id: str,
    schedule: Schedule,
    work: Sequence[Work],
    *,
    as_of: int,
    zone: ZoneInfo,
    baselines: Baselines = NO_BASELINES,
    area_of: AreaOf = no_area,
) -> FriendDetail | None:
    """As ``friend_days``, with the parts of every run."""
    start, end = schedule.window
    inside = sorted((w for w in work if start <= w.time < end), key=WORK_ORDER)
    every_run = runs_of(inside, schedule.known, schedule.shifts)
    runs = [run for run in every_run if run.date(zone) == schedule.service_date]
    camp = _camp(runs)
    area = area_of(camp)
    recorded = recorded_intervals(schedule.known, inside)
    details: list[RunDetail] = []
    for run in runs:
        wave = run.wave()
        details.append(detail_of(run, wave, baselines.allowance(area, wave), recorded, schedule.breaks))
    completed = _completed(runs)
    last_of_all = bool(runs) and every_run[-1] is runs[-1]
    day = day_of(friend_id, schedule, _worked(camp, runs, details, recorded, completed, last_of_all), as_of)
    return None if day is None else FriendDetail(day, tuple(details), completed)


@dataclass(frozen=True, slots=True)
class _Worked:
    """See :class:`Worked`."""

    recorded: Sequence[Sequence[Span]]
    runs: int = 0
    camp: str | None = None
    out_since: int | None = None
    begin: int = 0
    last_activity: int = 0
    worked: dict[int, int] = field(default_factory=dict)
    net: dict[int, int] = field(default_factory=dict)
    stops_by_hour: dict[int, int] = field(default_factory=dict)
    on_road: int = 0
    excluded: Sequence[int] = ()
    net_on_road: int = 0
    idle: int = 0
    stops: int = 0
    batch_scans: int = 0
    status: Status = "none"
    efforts: Sequence[tuple[str | None, int, int]] = ()
    allowance: int = 0
    first_departure: int | None = None
    waves: Sequence[str | None] = ()
    recent_stops: int = 0
    recent_net: int = 0
    departures: Sequence[tuple[str, int | None]] = ()


def _worked(
    camp: str | None,
    runs: Sequence[Run],
    details: Sequence[RunDetail],
    recorded: Mapping[str, list[Span]],
    completed: Mapping[str, int],
    last_of_all: bool,
) -> Worked:
    """The runs of a date summed. last_of_all: whether the Friend's last run is among them."""
    intervals = [recorded[kind] for kind in RECORDED_KINDS]
    if not details:
        return _Worked(intervals)
    last = details[-1]
    recent_stops, recent_net = _recent(details)
    return _Worked(
        recorded=intervals,
        runs=len(runs),
        camp=camp,
        out_since=runs[-1].last if last_of_all and last.departed is not None and last.ended is None else None,
        begin=last.reach[0],
        last_activity=runs[-1].last,
        worked=_by_hour(completed),
        net=_net_by_hour(details),
        stops_by_hour=_stops_by_hour(details),
        on_road=sum(d.on_road[1] - d.on_road[0] for d in details),
        excluded=[_excluded(details, kind) for kind in (*RECORDED_KINDS, WINDOW_WAIT)],
        net_on_road=sum(spans.length(d.net) for d in details),
        idle=sum(gap.idle for d in details for gap in d.gaps),
        stops=sum(len(d.stops) for d in details),
        batch_scans=sum(len(d.batches) for d in details),
        status=_status(details),
        efforts=_efforts(details),
        allowance=last.allowance,
        first_departure=min((d.departed for d in details if d.departed is not None), default=None),
        waves=[detail.wave for detail in details],
        recent_stops=recent_stops,
        recent_net=recent_net,
        departures=[(run.shift.wave, run.departed()) for run in runs if run.shift is not None],
    )


def day_of(friend_id: str, schedule: Schedule, worked: Worked, as_of: int) -> FriendDay | None:
    """The Friend-day of a schedule and of what was done, at T (ms); None where there is neither."""
    own, ran = schedule.own, worked.runs > 0
    camp = worked.camp if ran else _camp_without_run(own, schedule.absences)
    routes = _routes(schedule, worked.departures, camp)
    if not (ran or own or schedule.absences or routes):
        return None
    last = worked.out_since
    pauses = Pauses(
        last=last,
        since=worked.begin,
        recorded=tuple(s for of_kind in worked.recorded for s in of_kind if last is not None and s[1] > last),
        breaks=tuple(worked.recorded[RECORDED_KINDS.index("break")]),
        planned=schedule.breaks,
        near=tuple(shift.near() for shift in own),
    )
    excluded = dict.fromkeys(EXCLUDED_KINDS, 0)
    if ran:
        excluded.update(zip((*RECORDED_KINDS, WINDOW_WAIT), worked.excluded, strict=True))
    last_wave = worked.waves[-1] if ran else None
    return FriendDay(
        friend_id=friend_id,
        service_date=schedule.service_date,
        camp=camp,
        worked=worked.worked,
        net=worked.net,
        stops_by_hour=worked.stops_by_hour,
        on_road=worked.on_road,
        excluded=excluded,
        net_on_road=worked.net_on_road,
        idle=worked.idle,
        stops=worked.stops,
        batch_scans=worked.batch_scans,
        runs=worked.runs,
        planned=bool(own),
        status=worked.status if ran else "absent" if schedule.absences else "not_started" if own else "none",
        efforts=tuple([Effort(*effort) for effort in worked.efforts]),
        silence=pauses.silence(as_of),
        allowance=worked.allowance if ran else ALLOWANCE,
        pauses=pauses,
        first_departure=worked.first_departure,
        waves=tuple(dict.fromkeys(wave for wave in worked.waves if wave is not None)),
        last_wave=own[0].wave if last_wave is None and own else last_wave,
        recent_stops=worked.recent_stops,
        recent_net=worked.recent_net,
        starts_at=own[0].start if own and not ran else None,
        remaining_break=pauses.remaining_break(as_of),
        shift_end=max((shift.end for shift in own), default=None),
        routes=routes,
        last_activity=worked.last_activity if ran else None,
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


def _status(details: Sequence[RunDetail]) -> Status:
    last = details[-1]
    if last.ended is not None:
        # Who ended a route without ever having departed was never out.
        return "back" if any(detail.departed is not None for detail in details) else "worked"
    return "worked" if last.departed is None else "out"


def _routes(schedule: Schedule, departures: Sequence[tuple[str, int | None]], camp: str | None) -> tuple[Route, ...]:
    """Planned routes of a date by id, each with its departure: its own start, else of a shift of its wave."""
    found: list[Route] = []
    for route_id, fact in sorted(schedule.routes.items()):
        sent = fact.sent
        if schedule.started:
            departed = schedule.started.get(route_id)
        else:
            wave = sent.get("wave")
            of_wave = (at for of, at in departures if at is not None and wave in {None, of})
            departed = next(of_wave, None)
        found.append(Route(route_id, sent.get("camp_id") or camp, tm.parse_instant(sent["planned_from"]), departed))
    return tuple(found)


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


def _excluded(details: Sequence[RunDetail], kind: str) -> int:
    return sum(spans.length(spans.clip(d.excluded[kind], d.on_road)) for d in details)


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
