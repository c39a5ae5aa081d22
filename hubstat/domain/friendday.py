"""The fold of one Friend-day: from a Friend's events and activities to its productivity figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.codes import STOPS
from hubstat.domain.log import Fact
from hubstat.domain.spans import Span

ALLOWANCE: Final = 15 * tm.MINUTE
EXCLUDED_KINDS: Final = ("break", "app_lock", "load_wait", "window_wait", "incident", "offline")
_AROUND_SHIFT: Final = 2 * tm.HOUR
_RUN_GAP: Final = 6 * tm.HOUR
_STOP_GAP: Final = 10 * tm.MINUTE
_BATCH_WINDOW: Final = tm.MINUTE
_BATCH_KEYS: Final = 3
_INTERVALS: Final = {
    "break": ("BREAK_STARTED", "BREAK_ENDED"),
    "app_lock": ("APP_LOCKED", "APP_UNLOCKED"),
    "load_wait": ("LOAD_WAIT_STARTED", "LOAD_WAIT_ENDED"),
    "incident": ("INCIDENT_STARTED", "INCIDENT_ENDED"),
    "offline": ("OFFLINE_STARTED", "OFFLINE_ENDED"),
}


@dataclass(frozen=True, slots=True)
class Work:
    """One activity of a Friend at (T, K). time, promised_from: ms. service_date: the event's, else the promise's."""

    time: int
    rank: int
    event_id: str
    code: str
    invoice: str
    camp: str | None
    address_key: str | None
    promised_from: int | None
    service_date: str | None

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the order of C3."""
        return (self.time, self.rank, self.event_id)


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned shift: its span (ms), service date, wave and camp."""

    start: int
    end: int
    service_date: str
    wave: str
    camp: str | None


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

    def departure(self) -> int:
        """Start of the on-road span, ms."""
        departures = [fact.time for fact in self.starts] + [w.time for w in self.work if w.code == "DEPARTED"]
        return min(departures, default=self.first)

    def route_end(self) -> int | None:
        """The last ROUTE_ENDED unless a ROUTE_STARTED follows; None while the route is not ended."""
        if not self.ends:
            return None
        last = max(self.ends, key=lambda fact: fact.order)
        return None if any(start.order > last.order for start in self.starts) else last.time

    def on_road(self) -> Span:
        """[departure, else first activity; route end, else last activity], ms."""
        end = self.route_end()
        return (self.departure(), self.last if end is None else end)


@dataclass(frozen=True, slots=True)
class FriendDay:
    """Productivity of one Friend on one service date. All spans in ms; hours are counted from the epoch.

    out: a route was started and none ended since. worked: completions by hour. net: net on-road time by hour.
    """

    friend_id: str
    service_date: str
    camp: str | None
    on_road: int
    excluded: dict[str, int]
    net_on_road: int
    idle: int
    stops: int
    batch_scans: int
    worked: dict[int, int]
    net: dict[int, int]
    out: bool
    last_activity: int


def shifts_of(facts: Sequence[Fact]) -> list[Shift]:
    """Planned shifts in force: a later plan of the same service date and wave replaces an earlier one."""
    plans: dict[tuple[str, str], Shift] = {}
    for fact in facts:
        sent = fact.sent
        if sent["code"] == "SHIFT_PLANNED":
            start, end = tm.parse_instant(sent["planned_from"]), tm.parse_instant(sent["planned_to"])
            date, wave = sent.get("service_date", ""), sent.get("wave", "")
            plans[date, wave] = Shift(start, end, date, wave, sent.get("camp_id"))
    return sorted(plans.values(), key=lambda shift: (shift.start, shift.end))


def _shift_at(shifts: Sequence[Shift], time: int) -> Shift | None:
    near = [s for s in shifts if s.start - _AROUND_SHIFT <= time <= s.end + _AROUND_SHIFT]
    return min(near, key=lambda s: (max(s.start - time, time - s.end, 0), s.start), default=None)


def runs_of(work: Sequence[Work], facts: Sequence[Fact]) -> list[Run]:
    """All runs of a Friend, in time order, each with its route starts and ends."""
    shifts = shifts_of(facts)
    by_shift: dict[Shift, Run] = {}
    free: list[Run] = []
    for item in sorted(work, key=lambda w: w.order):
        shift = _shift_at(shifts, item.time)
        if shift is not None:
            by_shift.setdefault(shift, Run([], shift)).work.append(item)
        elif free and item.time - free[-1].last <= _RUN_GAP:
            free[-1].work.append(item)
        else:
            free.append(Run([item], None))
    runs = sorted([*by_shift.values(), *free], key=lambda run: run.first)
    for fact in facts:
        code = fact.sent["code"]
        if code not in {"ROUTE_STARTED", "ROUTE_ENDED"}:
            continue
        shift = _shift_at(shifts, fact.time)
        run = by_shift.get(shift) if shift is not None else None
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


def run_date(run: Run, zone: ZoneInfo) -> str:
    """Service date of a run: its shift's, else that of most of its activities (tie: the earliest)."""
    if run.shift is not None and run.shift.service_date:
        return run.shift.service_date
    votes = Counter(w.service_date for w in run.work if w.service_date is not None)
    if not votes:
        return tm.local_date(run.first, zone).isoformat()
    return min(votes, key=lambda date: (-votes[date], date))


def _recorded(facts: Sequence[Fact], work: Sequence[Work], as_of: int) -> dict[str, list[Span]]:
    """Recorded intervals by kind: to END, else ``until``, else the next activity, else T; at most to the next START."""
    times = [w.time for w in work]
    found: dict[str, list[Span]] = {}
    for kind, (start_code, end_code) in _INTERVALS.items():
        marks = [fact for fact in facts if fact.sent["code"] in {start_code, end_code}]
        found[kind] = []
        for index, mark in enumerate(marks):
            if mark.sent["code"] != start_code:
                continue
            following = marks[index + 1] if index + 1 < len(marks) else None
            if following is not None and following.sent["code"] == end_code:
                end = following.time
            elif "until" in mark.sent:
                end = tm.parse_instant(mark.sent["until"])
            else:
                end = next((time for time in times if time > mark.time), as_of)
            if following is not None:
                end = min(end, following.time)
            found[kind].append((mark.time, end))
    return found


def _excluded(run: Run, recorded: dict[str, list[Span]], planned: Sequence[Span]) -> dict[str, list[Span]]:
    """Excluded spans by kind inside the run's on-road span and its gaps."""
    road = run.on_road()
    reach = (min(road[0], run.first), max(road[1], run.last))
    excluded = {kind: spans.union(spans.clip(found, reach)) for kind, found in recorded.items()}
    if not excluded["break"]:
        excluded["break"] = spans.union(spans.clip(planned, reach))
    waits: list[Span] = []
    for before, item in zip(run.work, run.work[1:], strict=False):
        since = item.promised_from
        if item.code in STOPS and since is not None and before.time < since <= item.time:
            waits.append((before.time, since))
    excluded["window_wait"] = spans.union(waits)
    return excluded


def _stops(scans: Sequence[Work]) -> int:
    """Runs of scans at one doorstep with gaps of at most 10 min; without a key each is a stop of its own."""
    count, key, last = 0, None, 0
    for scan in scans:
        if scan.address_key is None or scan.address_key != key or scan.time - last > _STOP_GAP:
            count += 1
        key, last = scan.address_key, scan.time
    return count


def batches_of(scans: Sequence[Work]) -> list[Span]:
    """Batch scans: unions of overlapping windows [t, t + 60 s] with three different doorsteps or more; ms."""
    merged: list[Span] = []
    for index, scan in enumerate(scans):
        end = scan.time + _BATCH_WINDOW
        keys: set[str] = set()
        for other in scans[index:]:
            if other.time > end:
                break
            keys.add(other.address_key if other.address_key is not None else f"\x00{other.invoice}\x00{other.event_id}")
        if len(keys) >= _BATCH_KEYS:
            if merged and scan.time <= merged[-1][1]:
                merged[-1] = (merged[-1][0], end)
            else:
                merged.append((scan.time, end))
    return merged


def _idle(run: Run, excluded: list[Span], batches: list[Span], allowance: int) -> int:
    """Idle of a run, ms: per gap the remainder beyond the allowance; a batch swallows the gap before it."""
    total = 0
    for before, after in zip(run.work, run.work[1:], strict=False):
        if after.code in STOPS and any(start <= after.time <= end for start, end in batches):
            continue
        gap = (before.time, after.time)
        total += max(0, gap[1] - gap[0] - spans.length(spans.clip(excluded, gap)) - allowance)
    return total


def _by_hour(parts: Sequence[Span]) -> dict[int, int]:
    hours: dict[int, int] = {}
    for start, end in parts:
        for hour in range(start // tm.HOUR, (end - 1) // tm.HOUR + 1):
            hours[hour] = hours.get(hour, 0) + min(end, (hour + 1) * tm.HOUR) - max(start, hour * tm.HOUR)
    return hours


def friend_days(
    friend_id: str,
    facts: Sequence[Fact],
    work: Sequence[Work],
    *,
    service_date: str,
    as_of: int,
    zone: ZoneInfo,
    allowance: int = ALLOWANCE,
) -> FriendDay | None:
    """The Friend-day of one service date at T, None where the Friend did nothing for it.

    facts: the Friend's events in force at (T, K); work: activities in force at (T, K); allowance: ms of a gap that are
    no idle.
    """
    day = tm.parse_date(service_date)
    window = (tm.day_start(day - timedelta(days=1), zone), tm.day_end(day + timedelta(days=1), zone) + 1)
    inside = [w for w in work if window[0] <= w.time < window[1]]
    known = [f for f in facts if "planned_from" in f.sent or window[0] <= f.time < window[1]]
    runs = [run for run in runs_of(inside, known) if run_date(run, zone) == service_date]
    if not runs:
        return None
    ordered = sorted(inside, key=lambda w: w.order)
    recorded = _recorded(known, ordered, as_of)
    planned = [
        (tm.parse_instant(f.sent["planned_from"]), tm.parse_instant(f.sent["planned_to"]))
        for f in known
        if f.sent["code"] == "BREAK_PLANNED"
    ]
    excluded_total = dict.fromkeys(EXCLUDED_KINDS, 0)
    on_road = net_total = idle = stops = batch_count = 0
    worked: dict[int, int] = {}
    net: dict[int, int] = {}
    done: set[str] = set()
    for run in runs:
        road = run.on_road()
        excluded = _excluded(run, recorded, planned)
        every = spans.union(span for found in excluded.values() for span in found)
        for kind, found in excluded.items():
            excluded_total[kind] += spans.length(spans.clip(found, road))
        net_parts = spans.subtract([road] if road[0] < road[1] else [], every)
        scans = [w for w in run.work if w.code in STOPS]
        batches = batches_of(scans)
        on_road += max(0, road[1] - road[0])
        net_total += spans.length(net_parts)
        idle += _idle(run, every, batches, allowance)
        stops += _stops(scans)
        batch_count += len(batches)
        for hour, amount in _by_hour(net_parts).items():
            net[hour] = net.get(hour, 0) + amount
        for w in scans:
            if w.code != "ATTEMPT_FAILED" and w.invoice not in done:
                done.add(w.invoice)
                worked[w.time // tm.HOUR] = worked.get(w.time // tm.HOUR, 0) + 1
    starts = sorted((fact for run in runs for fact in run.starts), key=lambda fact: fact.order)
    return FriendDay(
        friend_id=friend_id,
        service_date=service_date,
        camp=_camp(starts, runs),
        on_road=on_road,
        excluded=excluded_total,
        net_on_road=net_total,
        idle=idle,
        stops=stops,
        batch_scans=batch_count,
        worked=worked,
        net=net,
        out=runs[-1].route_end() is None and (bool(starts) or any(w.code == "DEPARTED" for r in runs for w in r.work)),
        last_activity=runs[-1].last,
    )


def _camp(starts: Sequence[Fact], runs: Sequence[Run]) -> str | None:
    """Camp of the first route start, else of the first activity that names one."""
    named = [fact.sent["camp_id"] for fact in starts if "camp_id" in fact.sent]
    if named:
        return str(named[0])
    return next((w.camp for run in runs for w in run.work if w.camp is not None), None)
