"""Sums that add over hubs, and the figures made from them. Pure.

A tally holds the additive parts of the registry: counts by (metric id, key), the latest completion, and the sums of
Friend-days. Camps' tallies added up are an area's; ratios and rates are formed only at the end (C12).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.backlog import AGES, Waiting, Waits
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.friendday import EXCLUDED_KINDS, FriendDay
from hubstat.domain.measures import Context, holds, split_key
from hubstat.domain.metrics import (
    METRICS,
    AgeSplit,
    CompletionHours,
    Count,
    FriendHours,
    FriendRate,
    FriendSplit,
    FriendSum,
    LastCompletion,
    Metric,
    Ratio,
    SplitCount,
    StalledCount,
    metrics_for,
)
from hubstat.domain.row import Row

_TEN_MINUTES = 10 * tm.MINUTE
Part = tuple[str, str]
BACKLOG: Final[dict[Waits, str]] = {m.measure.waits: m.id for m in METRICS if isinstance(m.measure, AgeSplit)}
STALLED: Final = next(metric.id for metric in METRICS if isinstance(metric.measure, StalledCount))
_COUNTED: dict[Direction, tuple[Metric, ...]] = {
    direction: tuple(m for m in metrics_for(direction).values() if m.counted is not None) for direction in DIRECTIONS
}


@dataclass(slots=True)
class Tally:
    """Additive parts of one node. hours: completions by hour since the epoch; Friend-day sums: ms and counts."""

    counts: Counter[Part] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    last_completed: int | None = None
    friends: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    worked: Counter[int] = field(default_factory=Counter)
    net: Counter[int] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add another node's parts."""
        self.counts.update(other.counts)
        self.hours.update(other.hours)
        self.completed_at(other.last_completed)
        self.friends.update(other.friends)
        self.excluded.update(other.excluded)
        self.worked.update(other.worked)
        self.net.update(other.net)

    def completed_at(self, instant: int | None) -> None:
        """Take a completion (ms) into the latest one."""
        if instant is not None and (self.last_completed is None or instant > self.last_completed):
            self.last_completed = instant

    def add_friend_day(self, day: FriendDay) -> None:
        """Add one Friend-day."""
        self.friends.update(
            {
                "friend_days": 1,
                "out": int(day.out),
                "on_road": day.on_road,
                "net_on_road": day.net_on_road,
                "idle": day.idle,
                "stops": day.stops,
                "batch_scans": day.batch_scans,
            }
        )
        self.excluded.update(day.excluded)
        self.worked.update(day.worked)
        self.net.update(day.net)


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


def backlog_contributions(waiting: Waiting, as_of: int) -> tuple[Part, ...]:
    """The figures of the backlog that an invoice belongs to at T (ms), each with its key."""
    found: list[Part] = [(BACKLOG[waiting.waits], waiting.age(as_of))]
    if waiting.stalled(as_of):
        found.append((STALLED, ""))
    return tuple(found)


def figures(tally: Tally, direction: Direction, zone: ZoneInfo, only: frozenset[str] | None = None) -> dict[str, Any]:
    """All figures of a node in registry order; ``only``: ids wanted. Times local RFC 3339, minutes unrounded."""
    return {
        metric.id: _figure(metric, tally, zone)
        for metric in metrics_for(direction).values()
        if only is None or metric.id in only
    }


def _figure(metric: Metric, tally: Tally, zone: ZoneInfo) -> Any:
    match metric.measure:
        case Count():
            return tally.counts[metric.id, ""]
        case SplitCount(keys=None):
            return {key: n for (name, key), n in sorted(tally.counts.items()) if name == metric.id and n}
        case SplitCount(keys=keys):
            return {key: tally.counts[metric.id, key] for key in keys or ()}
        case Ratio(numerator, denominator):
            base = tally.counts[denominator, ""]
            return tally.counts[numerator, ""] / base if base else None
        case CompletionHours():
            return {tm.hour_label(hour, zone): n for hour, n in sorted(tally.hours.items()) if n}
        case LastCompletion():
            return None if tally.last_completed is None else tm.iso_local(tally.last_completed, zone)
        case AgeSplit():
            return {age: tally.counts[metric.id, age] for age in AGES}
        case StalledCount():
            return tally.counts[metric.id, ""]
        case FriendSum(part, scale):
            return tally.friends[part] if scale == 1 else tally.friends[part] / scale
        case FriendSplit():
            return {kind: tally.excluded[kind] / tm.MINUTE for kind in EXCLUDED_KINDS}
        case FriendHours(part):
            return {tm.hour_label(hour, zone): _hour(tally, hour, part) for hour in sorted({*tally.worked, *tally.net})}
        case FriendRate():
            return _rate(sum(tally.worked.values()), tally.friends["net_on_road"])


def _hour(tally: Tally, hour: int, part: str) -> float | int | None:
    if part == "worked":
        return tally.worked[hour]
    if part == "net":
        return tally.net[hour] / tm.MINUTE
    return _rate(tally.worked[hour], tally.net[hour])


def _rate(worked: int, net: int) -> float | None:
    return None if net < _TEN_MINUTES else worked / (net / tm.HOUR)
