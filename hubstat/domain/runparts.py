"""Parts of one run: on-road and excluded time, gaps, stops, batch scans, and what is left for efficiency. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from hubstat.domain import spans
from hubstat.domain import time as tm
from hubstat.domain.codes import STOPS
from hubstat.domain.excluded import excluded_of
from hubstat.domain.runs import Run, Work
from hubstat.domain.spans import Span

_STOP_GAP: Final = 10 * tm.MINUTE
_BATCH_WINDOW: Final = tm.MINUTE
_BATCH_KEYS: Final = 3


class Gap(NamedTuple):
    """Time between two consecutive activities of a run, ms. counted: False where it ends within a batch scan.

    remainder: the gap less its excluded time. idle: what of it exceeds the allowance, 0 where the gap is not counted.
    """

    start: int
    end: int
    excluded: int
    remainder: int
    allowance: int
    counted: bool
    idle: int


class StopDone(NamedTuple):
    """One stop: first and last scan (ms), and the invoice key of every scan. effective: no scan is in a batch."""

    first: int
    last: int
    address_key: str | None
    invoices: tuple[str, ...]
    effective: bool


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything that figures know of one run; times and spans in ms.

    departed: its departure; ended: its route end; None without. on_road: may be empty. net: on-road without excluded
    time. batches: from first to last scan. excluded: spans by kind within the on-road span and the gaps.
    effective_net, effective_stops: those outside batches, for efficiency.
    """

    wave: str | None
    allowance: int
    first: int
    last: int
    departed: int | None
    ended: int | None
    on_road: Span
    reach: Span
    excluded: dict[str, list[Span]]
    net: list[Span]
    batches: list[Span]
    gaps: tuple[Gap, ...]
    stops: tuple[StopDone, ...]
    effective_net: int
    effective_stops: int


def detail_of(
    run: Run, wave: str | None, allowance: int, recorded: Mapping[str, list[Span]], planned: Sequence[Span]
) -> RunDetail:
    """Parts of a run. recorded: intervals by kind; planned: breaks; allowance: ms of a gap that are no idle."""
    departed, ended = run.departed(), run.route_end()
    start = run.first if departed is None else departed
    on_road = (start, max(start, run.last if ended is None else ended))
    reach = (min(start, run.first), max(on_road[1], run.last))
    excluded = excluded_of(run, reach, recorded, planned)
    every = spans.union(span for found in excluded.values() for span in found)
    net = spans.subtract([on_road] if on_road[0] < on_road[1] else [], every)
    scans = [w for w in run.work if w.code in STOPS]
    batches = batches_of(scans)
    stops = _stops(scans, batches)
    effective_net = spans.length(spans.subtract(net, _batch_holes(run, batches)) if batches else net)
    return RunDetail(
        wave=wave,
        allowance=allowance,
        first=run.first,
        last=run.last,
        departed=departed,
        ended=ended,
        on_road=on_road,
        reach=reach,
        excluded=excluded,
        net=net,
        batches=batches,
        gaps=_gaps(run, every, batches, allowance),
        stops=stops,
        effective_net=effective_net,
        effective_stops=sum(stop.effective for stop in stops) if batches else len(stops),
    )


def batches_of(scans: Sequence[Work]) -> list[Span]:
    """Batch scans, each from its first to its last scan, ms.

    A batch is a union of overlapping windows [t, t + 60 s] with three different doorsteps or more.
    """
    windows: list[Span] = []
    count = len(scans)
    for index, scan in enumerate(scans):
        end = scan.time + _BATCH_WINDOW
        if index + _BATCH_KEYS > count or scans[index + _BATCH_KEYS - 1].time > end:
            continue  # too few scans to hold three doorsteps
        keys: set[str] = set()
        for other in islice(scans, index, None):
            if other.time > end:
                break
            keys.add(other.address_key if other.address_key is not None else f"\x00{other.invoice}\x00{other.event_id}")
        if len(keys) >= _BATCH_KEYS:
            if windows and scan.time <= windows[-1][1]:
                windows[-1] = (windows[-1][0], end)
            else:
                windows.append((scan.time, end))
    return [(start, max(scan.time for scan in scans if scan.time <= end)) for start, end in windows]


def _inside(time: int, batches: Sequence[Span]) -> bool:
    return any(start <= time <= end for start, end in batches)


def _batch_holes(run: Run, batches: Sequence[Span]) -> list[Span]:
    """Each batch with the gap that ends at its first scan."""
    holes: list[Span] = []
    for start, end in batches:
        before = [w.time for w in run.work if w.time < start]
        holes.append((before[-1] if before else start, end))
    return spans.union(holes)


def _stops(scans: Sequence[Work], batches: Sequence[Span]) -> tuple[StopDone, ...]:
    """Runs of scans at one doorstep with gaps of at most 10 min; without a key each is a stop of its own."""
    groups: list[list[Work]] = []
    key, last = None, 0
    for scan in scans:
        if scan.address_key is None or scan.address_key != key or scan.time - last > _STOP_GAP:
            groups.append([scan])
        else:
            groups[-1].append(scan)
        key, last = scan.address_key, scan.time
    return tuple(
        [
            StopDone(
                group[0].time,
                group[-1].time,
                group[0].address_key,
                tuple([scan.invoice for scan in group]),
                not (batches and any(_inside(scan.time, batches) for scan in group)),
            )
            for group in groups
        ]
    )


def _gaps(run: Run, excluded: Sequence[Span], batches: Sequence[Span], allowance: int) -> tuple[Gap, ...]:
    """Gaps of a run in one sweep; excluded: sorted and disjoint."""
    found: list[Gap] = []
    place, count = 0, len(excluded)
    start = run.first
    for after in islice(run.work, 1, None):
        end = after.time
        away = 0
        while place < count and excluded[place][1] <= start:
            place += 1
        if place < count and excluded[place][0] < end:
            away = spans.length(spans.clip(islice(excluded, place, None), (start, end)))
        remainder = end - start - away
        counted = not (batches and _inside(end, batches))
        idle = remainder - allowance if counted and remainder > allowance else 0
        found.append(Gap(start, end, away, remainder, allowance, counted, idle))
        start = end
    return tuple(found)
