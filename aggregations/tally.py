"""Sums that add over hubs, and the figures made from them. Pure.

A tally holds the additive parts of the registry: counts by (metric id, key), counts by minute, sums over Friends.
Camps' tallies added up are an area's; ratios, rates and percentiles are formed only at the end (C12, C14).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.backlog import AGES, Waiting, Waits
from hubstat.domain.baselines import percentile_of_counts
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.friendday import EXCLUDED_KINDS
from hubstat.domain.loading import LoadPart
from hubstat.domain.measures import Context, holds, split_key
from hubstat.domain.metric import (
    AfterDeadline,
    AgeSplit,
    AtRisk,
    CompletionHours,
    CompletionPercentile,
    Count,
    FriendHours,
    FriendLatest,
    FriendRate,
    FriendRatio,
    FriendSplit,
    FriendSum,
    LastCompletion,
    LoadCount,
    Measure,
    Metric,
    Plan,
    Ratio,
    Shares,
    SplitCount,
    StageMinutes,
    StalledCount,
)
from hubstat.domain.metrics import METRICS, metrics_for
from hubstat.domain.row import Row, late_bucket

_TEN_MINUTES = 10 * tm.MINUTE
Part = tuple[str, str]
# Cells of which the row is kept from T to T.
_CELLS_KEPT: Final = 100_000
# Name of the minutes at which due invoices were completed, beside those of the stages.
COMPLETED_MINUTES: Final = "completed"


def _only(kind: type[Measure], direction: Direction = "DELIVERY") -> str:
    """Id of the metric that has this kind of measure."""
    return next(m.id for m in metrics_for(direction).values() if isinstance(m.measure, kind))


BACKLOG: Final[dict[Waits, str]] = {m.measure.waits: m.id for m in METRICS if isinstance(m.measure, AgeSplit)}
STALLED: Final = _only(StalledCount)
AFTER_DEADLINE: Final = _only(AfterDeadline)
AT_RISK: Final[dict[Direction, str]] = {direction: _only(AtRisk, direction) for direction in DIRECTIONS}
LOADS: Final[dict[LoadPart, str]] = {m.measure.part: m.id for m in METRICS if isinstance(m.measure, LoadCount)}
_COUNTED: dict[Direction, tuple[Metric, ...]] = {
    direction: tuple(m for m in metrics_for(direction).values() if m.counted is not None) for direction in DIRECTIONS
}


_K = TypeVar("_K")


# A tick makes and adds up tens of thousands of tallies, for which Counter's own beginning and ``update`` are slow: they
# look first what they are given.
def _nothing() -> Counter[Any]:
    return Counter.__new__(Counter)


def _count_up(counts: Counter[_K], others: Counter[_K]) -> None:
    if not counts:
        dict.update(counts, others)
        return
    known = counts.get
    for key, n in others.items():
        counts[key] = known(key, 0) + n


@dataclass(slots=True)
class Tally:
    """Additive parts of one node. Times are ms, hours and minutes are counted from the epoch.

    hours: completions by hour. minutes: counts by (stage or ``COMPLETED_MINUTES``, minute). latest: the greatest of
    ``completed``, ``silent``, ``projected_finish``. friends, sums: over Friends, in whole units and as fractions.
    worked, stops, net: Friends' invoices, stops and net ms by hour. plan: planned completions by the end of each hour.
    """

    counts: Counter[Part] = field(default_factory=_nothing)
    hours: Counter[int] = field(default_factory=_nothing)
    minutes: Counter[tuple[str, int]] = field(default_factory=_nothing)
    latest: dict[str, int] = field(default_factory=dict)
    friends: Counter[str] = field(default_factory=_nothing)
    sums: dict[str, float] = field(default_factory=dict)
    excluded: Counter[str] = field(default_factory=_nothing)
    worked: Counter[int] = field(default_factory=_nothing)
    stops: Counter[int] = field(default_factory=_nothing)
    net: Counter[int] = field(default_factory=_nothing)
    plan: dict[int, float] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add another node's parts."""
        _count_up(self.counts, other.counts)
        _count_up(self.hours, other.hours)
        _count_up(self.minutes, other.minutes)
        for name, value in other.latest.items():
            self.reach(name, value)
        _count_up(self.friends, other.friends)
        add_to(self.sums, other.sums)
        _count_up(self.excluded, other.excluded)
        _count_up(self.worked, other.worked)
        _count_up(self.stops, other.stops)
        _count_up(self.net, other.net)
        add_to(self.plan, other.plan)

    def reach(self, name: str, value: int | None) -> None:
        """Take a value into the greatest of its name."""
        if value is not None and value > self.latest.get(name, value - 1):
            self.latest[name] = value

    def to_document(self) -> dict[str, Any]:
        """As JSON, in an order of its own, so that equal tallies are kept alike."""
        return {
            "counts": [[*part, n] for part, n in sorted(self.counts.items()) if n],
            "minutes": [[*key, n] for key, n in sorted(self.minutes.items()) if n],
            "latest": dict(sorted(self.latest.items())),
            "sums": dict(sorted(self.sums.items())),
            "plan": sorted(self.plan.items()),
            **{name: sorted(item for item in getattr(self, name).items() if item[1]) for name in _COUNTERS},
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Tally:
        """Back from JSON."""
        return cls(
            counts=Counter({(name, key): n for name, key, n in document["counts"]}),
            minutes=Counter({(name, minute): n for name, minute, n in document["minutes"]}),
            latest=dict(document["latest"]),
            sums=dict(document["sums"]),
            plan={int(hour): value for hour, value in document["plan"]},
            **{name: Counter(dict(map(tuple, document[name]))) for name in _COUNTERS},
        )


# (camp, wave) or (camp, Friend, wave); the wave ``all`` is the sum.
Key = tuple[str | None, ...]
Tallies = dict[Key, Tally]
_COUNTERS: Final = ("hours", "friends", "excluded", "worked", "stops", "net")


def add_to(sums: dict[Any, float], more: Mapping[Any, float]) -> None:
    """Add amounts by key."""
    for key, amount in more.items():
        sums[key] = sums.get(key, 0.0) + amount


def contributions(row: Row, context: Context) -> tuple[Part, ...]:
    """The counted figures a row belongs to, each with its key ("" where the figure is not split)."""
    found: list[Part] = []
    direction: Direction = "RETURN" if row.direction == "RETURN" else "DELIVERY"
    for metric in _COUNTED[direction]:
        measure = metric.measure
        if isinstance(measure, Count):
            if holds(measure.where, row, context):
                found.append((metric.id, ""))
        elif isinstance(measure, SplitCount) and holds(measure.where, row, context):
            found.append((metric.id, split_key(measure.split, row, context)))
    return tuple(found)


class Contributions:
    """``contributions`` kept from T to T: they change when the promise, a bucket of lateness or the wave passes.

    Cells that differ in their camp alone are of one kind, and belong to the same figures.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[Row, str]] = {}
        self._kinds: dict[str, Row] = {}
        self._known: dict[tuple[Any, ...], tuple[Part, ...]] = {}
        self._fixed: tuple[Any, ...] = ()

    def begin(self, context: Context) -> None:
        """Before the first kind of a T: what was known with other master data holds no more."""
        fixed = (context.customer_reasons, context.groups, context.deadlines, context.day_end)
        if fixed != self._fixed:
            self._known, self._fixed = {}, fixed
        for kept in (self._rows, self._known):
            if len(kept) > _CELLS_KEPT:
                kept.clear()

    def row(self, cell: str) -> tuple[Row, str]:
        """The row of a cell, and its kind."""
        kept = self._rows.get(cell)
        if kept is None:
            row = Row.of_cell(cell)
            kind = cell[cell.index(f',"{row.direction}"') :]  # the camp comes first
            kept = self._rows[cell] = (row, kind)
        self._kinds.setdefault(kept[1], kept[0])
        return kept

    def forget(self, kind: str) -> None:
        """No cell of this kind is left."""
        self._kinds.pop(kind, None)

    def of(self, kind: str, context: Context) -> tuple[Part, ...]:
        """The contributions of a kind of which a cell was asked for."""
        row = self._kinds[kind]
        late = context.as_of - row.promise
        key = (kind, late > 0, late_bucket(max(late, 0)), context.wave_closed(context.deadline(row.wave)))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = contributions(row, context)
        return found


def backlog_contributions(waiting: Waiting, as_of: int) -> tuple[Part, ...]:
    """The figures of the backlog that an invoice belongs to at T (ms), each with its key."""
    found: list[Part] = [(BACKLOG[waiting.waits], waiting.age(as_of))]
    if waiting.stalled(as_of):
        found.append((STALLED, ""))
    return tuple(found)


def figures(tally: Tally, direction: Direction, zone: ZoneInfo, only: Iterable[str] | None = None) -> dict[str, Any]:
    """All figures of a node in registry order; ``only``: ids wanted. Times local RFC 3339, minutes unrounded."""
    wanted = None if only is None else frozenset(only)
    return {
        metric.id: _figure(metric, tally, zone)
        for metric in metrics_for(direction).values()
        if wanted is None or metric.id in wanted
    }


def _figure(metric: Metric, tally: Tally, zone: ZoneInfo) -> Any:
    match metric.measure:
        case Count() | StalledCount() | AtRisk() | LoadCount() | AfterDeadline():
            return tally.counts[metric.id, ""]
        case SplitCount(keys=None):
            return _parts(tally, metric.id)
        case SplitCount(keys=keys):
            return {key: tally.counts[metric.id, key] for key in keys or ()}
        case Shares(parts, total):
            whole = tally.counts[total, ""]
            return {key: n / whole for key, n in _parts(tally, parts).items()} if whole else {}
        case Ratio(numerator, denominator):
            return _ratio(tally.counts[numerator, ""], tally.counts[denominator, ""])
        case CompletionHours():
            return {tm.hour_label(hour, zone): n for hour, n in sorted(tally.hours.items()) if n}
        case LastCompletion():
            return _time(tally.latest.get("completed"), zone)
        case CompletionPercentile(share):
            counts = _minutes(tally, COMPLETED_MINUTES)
            return _time(percentile_of_counts(counts, share) * tm.MINUTE, zone) if counts else None
        case StageMinutes(stage):
            return _stage(_minutes(tally, stage))
        case AgeSplit():
            return {age: tally.counts[metric.id, age] for age in AGES}
        case Plan(part):
            return _plan(tally, part, metric.id, zone)
        case FriendSum(part, scale):
            amount = tally.sums.get(part, 0.0) if part in FRACTIONS else tally.friends[part]
            return amount if scale == 1 else amount / scale
        case FriendSplit():
            return {kind: tally.excluded[kind] / tm.MINUTE for kind in EXCLUDED_KINDS}
        case FriendHours(part):
            return {tm.hour_label(hour, zone): _hour(tally, hour, part) for hour in _hours(tally, part)}
        case FriendRate(part):
            done = tally.worked if part == "worked" else tally.stops
            return _rate(sum(done.values()), tally.friends["net_on_road"])
        case FriendRatio(numerator, denominator):
            return _ratio(_friends(tally, numerator), _friends(tally, denominator))
        case FriendLatest(part, scale):
            value = tally.latest.get(part)
            return _time(value, zone) if not scale else None if value is None else value / scale


# Sums over Friends that are fractions; the others are whole numbers.
FRACTIONS: Final = frozenset({"standard", "shortfall", "spare_stops"})


def _friends(tally: Tally, part: str) -> float:
    return tally.sums.get(part, 0.0) if part in FRACTIONS else tally.friends[part]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _time(instant: int | None, zone: ZoneInfo) -> str | None:
    return None if instant is None else tm.iso_local(instant, zone)


def _parts(tally: Tally, metric: str) -> dict[str, int]:
    return {key: n for (name, key), n in sorted(tally.counts.items()) if name == metric and n}


def _minutes(tally: Tally, name: str) -> Counter[int]:
    return Counter({minute: n for (each, minute), n in tally.minutes.items() if each == name and n})


def _stage(counts: Counter[int]) -> dict[str, int | None]:
    if not counts:
        return {"median": None, "p90": None, "n": 0}
    return {
        "median": percentile_of_counts(counts, 0.5),
        "p90": percentile_of_counts(counts, 0.9),
        "n": counts.total(),
    }


def _plan(tally: Tally, part: str, metric: str, zone: ZoneInfo) -> Any:
    if part == "due":
        return tally.counts[metric, ""]
    if part == "now":
        return tally.sums.get("plan")
    if not tally.plan:
        return None
    end = max(tally.plan.values())
    found: dict[str, float] = {}
    for hour, value in sorted(tally.plan.items()):
        if value > 0:
            found[tm.hour_label(hour, zone)] = value
        if value == end:
            break
    return found


def _hours(tally: Tally, part: str) -> list[int]:
    done = tally.stops if part in {"stops", "stop_rate"} else tally.worked
    return sorted({*done, *tally.net})


def _hour(tally: Tally, hour: int, part: str) -> float | int | None:
    match part:
        case "worked":
            return tally.worked[hour]
        case "stops":
            return tally.stops[hour]
        case "net":
            return tally.net[hour] / tm.MINUTE
        case "stop_rate":
            return _rate(tally.stops[hour], tally.net[hour])
        case _:
            return _rate(tally.worked[hour], tally.net[hour])


def _rate(done: int, net: int) -> float | None:
    return None if net < _TEN_MINUTES else done / (net / tm.HOUR)
