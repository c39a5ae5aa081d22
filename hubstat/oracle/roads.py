"""One run measured: its time on the road, what is excluded from it, gaps, stops and batch scans."""

from __future__ import annotations

from typing import NamedTuple

from hubstat.oracle.activities import Activity
from hubstat.oracle.clock import MINUTE
from hubstat.oracle.records import FriendEvent
from hubstat.oracle.runs import Run
from hubstat.oracle.spans import Span, clip, length, union, without

STOP_GAP = 10 * MINUTE
BATCH_WINDOW = MINUTE
BATCH_PLACES = 3
KINDS = ("break", "app_lock", "load_wait", "window_wait", "incident", "offline")
STARTS = {
    "BREAK_STARTED": ("break", "BREAK_ENDED"),
    "APP_LOCKED": ("app_lock", "APP_UNLOCKED"),
    "LOAD_WAIT_STARTED": ("load_wait", "LOAD_WAIT_ENDED"),
    "INCIDENT_STARTED": ("incident", "INCIDENT_ENDED"),
    "OFFLINE_STARTED": ("offline", "OFFLINE_ENDED"),
}

Stop = list[Activity]


class Road(NamedTuple):
    """What one run comes to. Spans in epoch ms, durations in ms.

    ``excluded``: spans of each kind, also beyond the road. ``remainders``: of each gap that counts for idle, the gap
    less its excluded time. ``stops``: the scans of each. ``batches``: (first scan, last scan) of each.
    ``effective``: the net time outside batch scans and the gaps before them.
    """

    run: Run
    span: Span
    excluded: dict[str, list[Span]]
    net: list[Span]
    remainders: list[int]
    stops: list[Stop]
    batches: list[Span]
    effective: int
    effective_stops: int

    def idle(self, allowance: int) -> int:
        """Σ max(0, remainder − allowance)."""
        return sum(max(0, remainder - allowance) for remainder in self.remainders)


def measure(run: Run, events: list[FriendEvent], activities: list[Activity], as_of: int) -> Road:
    """Measure a run; ``events`` and ``activities`` are all of that Friend's in the window, in order."""
    span = run.on_road()
    kinds = excluded(run, events, activities, as_of, (min(span[0], run.first), max(span[1], run.last)))
    away = union(span for spans in kinds.values() for span in spans)
    net = without([span], away)
    batches = batch_scans(run)
    stops = stops_of(run)
    remainders: list[int] = []
    unmeasured: list[Span] = []
    for before, act in zip(run.activities, run.activities[1:], strict=False):
        gap = (before.time, act.time)
        if in_batch(act, batches):
            unmeasured.append(gap)
        else:
            remainders.append(act.time - before.time - length(clip(away, gap)))
    return Road(
        run=run,
        span=span,
        excluded=kinds,
        net=net,
        remainders=remainders,
        stops=stops,
        batches=batches,
        effective=length(without(net, unmeasured)),
        effective_stops=sum(not any(in_batch(scan, batches) for scan in stop) for stop in stops),
    )


def silence(run: Run, events: list[FriendEvent], activities: list[Activity], as_of: int) -> int | None:
    """Ms since the last activity less the excluded time since; None for a run that never departed or has ended."""
    if run.ended or run.departure is None:
        return None
    kinds = excluded(run, events, activities, as_of, (min(run.on_road()[0], run.first), as_of))
    away = union(span for spans in kinds.values() for span in spans)
    return as_of - run.last - length(clip(away, (run.last, as_of)))


def excluded(
    run: Run, events: list[FriendEvent], activities: list[Activity], as_of: int, whole: Span
) -> dict[str, list[Span]]:
    """The spans of each kind that take nothing from a Friend; no planned break where one is recorded in ``whole``."""
    kinds: dict[str, list[Span]] = {kind: [] for kind in KINDS}
    for start in events:
        if start.code in STARTS:
            kinds[STARTS[start.code][0]].append(recorded(start, events, activities, as_of))
    if not clip(kinds["break"], whole):
        kinds["break"] = planned_breaks(events)
    for before, stop in zip(run.activities, run.activities[1:], strict=False):
        if stop.is_stop and stop.promised_from is not None and stop.time >= stop.promised_from:
            kinds["window_wait"].append((before.time, stop.promised_from))
    return kinds


def recorded_breaks(events: list[FriendEvent], activities: list[Activity], as_of: int) -> list[Span]:
    """The breaks that a Friend took."""
    return [recorded(event, events, activities, as_of) for event in events if event.code == "BREAK_STARTED"]


def planned_breaks(events: list[FriendEvent]) -> list[Span]:
    """The breaks that were planned for a Friend."""
    return [
        (event.planned_from, event.planned_to)
        for event in events
        if event.code == "BREAK_PLANNED" and event.planned_from is not None and event.planned_to is not None
    ]


def recorded(start: FriendEvent, events: list[FriendEvent], activities: list[Activity], as_of: int) -> Span:
    """The interval that an event starts: to its END, else ``until``, else the next activity, else T.

    It never ends later than the next START of its kind.
    """
    end_code = STARTS[start.code][1]
    later = [event for event in events if event.order > start.order]
    restart = next((event.time for event in later if event.code == start.code), as_of)
    end = next((event.time for event in later if event.code == end_code), None)
    if end is None or end > restart:
        end = start.until
    if end is None:
        end = next((act.time for act in activities if act.time > start.time), as_of)
    return (start.time, min(end, restart, as_of))


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


def in_batch(act: Activity, batches: list[Span]) -> bool:
    """Whether an activity lies in a batch scan."""
    return any(first <= act.time <= last for first, last in batches)


def stops_of(run: Run) -> list[Stop]:
    """Runs of scans at one place with gaps of at most 10 minutes."""
    stops: list[Stop] = []
    for act in run.activities:
        if not act.is_stop:
            continue
        before = stops[-1][-1] if stops else None
        if before is None or act.place != before.place or act.time - before.time > STOP_GAP:
            stops.append([])
        stops[-1].append(act)
    return stops
