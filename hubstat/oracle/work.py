"""What the work of Friends adds up to, and its figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hubstat.oracle.activities import COMPLETIONS
from hubstat.oracle.clock import HOUR, MINUTE, Zone
from hubstat.oracle.friends import FriendDate, Route
from hubstat.oracle.roads import KINDS, Road
from hubstat.oracle.spans import clip, length

PLAIN = (
    "friend_days", "stops", "batch_scans", "friends_planned", "friends_out", "friends_back", "friends_absent",
    "friends_not_started", "routes_planned", "routes_departed", "routes_on_time", "silent_friends", "efficiency_stops",
    "open_stops", "no_pace_stops", "unassigned_stops", "can_help",
)  # fmt: skip


@dataclass
class Work:
    """Sums over Friends; durations in ms, hours as ``YYYY-MM-DDTHH``; ``silent`` and ``finish`` are the greatest."""

    counts: Counter[str] = field(default_factory=Counter)
    durations: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    worked: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    net: Counter[str] = field(default_factory=Counter)
    standard: float = 0.0
    shortfall: float = 0.0
    spare: float = 0.0
    silent: int | None = None
    finish: int | None = None

    def add(self, other: Work) -> None:
        """Add the work of others."""
        self.counts.update(other.counts)
        self.durations.update(other.durations)
        self.excluded.update(other.excluded)
        self.worked.update(other.worked)
        self.stops.update(other.stops)
        self.net.update(other.net)
        self.standard += other.standard
        self.shortfall += other.shortfall
        self.spare += other.spare
        self.silent = later(self.silent, other.silent)
        self.finish = later(self.finish, other.finish)

    def figures(self, zone: Zone) -> dict[str, object]:
        """The figures of Friends under their own keys; minutes and rates unrounded."""
        count, took = self.counts, self.durations
        hours = sorted(self.worked.keys() | self.net.keys())
        stop_hours = sorted({*hours, *self.stops})
        return {name: count[name] for name in PLAIN} | {
            "on_road_minutes": took["on_road"] / MINUTE,
            "excluded_minutes": {kind: self.excluded[kind] / MINUTE for kind in KINDS},
            "net_on_road_minutes": took["net"] / MINUTE,
            "idle_minutes": took["idle"] / MINUTE,
            "worked_by_hour": {hour: self.worked[hour] for hour in hours},
            "net_minutes_by_hour": {hour: self.net[hour] / MINUTE for hour in hours},
            "invoices_per_hour": {hour: per_hour(self.worked[hour], self.net[hour]) for hour in hours},
            "stops_by_hour": {hour: self.stops[hour] for hour in stop_hours},
            "stops_per_hour": {hour: per_hour(self.stops[hour], self.net[hour]) for hour in stop_hours},
            "hourly_deliveries": per_hour(self.worked.total(), took["net"]),
            "hourly_stops": per_hour(count["stops"], took["net"]),
            "departure_on_time_rate": ratio(count["routes_on_time"], count["routes_departed"]),
            "departure_delay_minutes": took["departure_delay"] / MINUTE,
            "silent_minutes": None if self.silent is None else self.silent / MINUTE,
            "standard_minutes": self.standard / MINUTE,
            "efficiency_net_minutes": took["efficiency_net"] / MINUTE,
            "efficiency": ratio(self.standard, took["efficiency_net"]),
            "projected_finish": None if self.finish is None else zone.text(self.finish),
            "shortfall": self.shortfall,
            "spare_stops": self.spare,
        }


def later(one: int | None, other: int | None) -> int | None:
    """The greater of two that may be missing."""
    return other if one is None else one if other is None else max(one, other)


def per_hour(done: int, net: int) -> float | None:
    """Done ÷ net hours; None under 10 net minutes."""
    return done / (net / HOUR) if net >= 10 * MINUTE else None


def ratio(part: float, whole: float) -> float | None:
    """part ÷ whole, None when the whole is empty."""
    return part / whole if whole else None


def add_friend(work: Work, friend: FriendDate) -> None:
    """Count where a Friend is: planned, out, back, absent, not started, silent."""
    work.counts["friend_days"] += bool(friend.roads)
    work.counts["friends_planned"] += bool(friend.shifts)
    work.counts["friends_out"] += friend.out
    work.counts["friends_back"] += friend.back
    work.counts["friends_absent"] += friend.absent
    work.counts["friends_not_started"] += friend.not_started
    if friend.silent is not None:
        work.silent = later(work.silent, friend.silent[1])


def add_route(work: Work, route: Route) -> None:
    """Count a planned route."""
    work.counts["routes_planned"] += 1
    work.counts["routes_departed"] += route.departed is not None
    work.counts["routes_on_time"] += route.on_time
    work.durations["departure_delay"] += route.delay


def add_road(work: Work, road: Road, allowance: int, standard: float | None, zone: Zone) -> None:
    """Count a run: its minutes, idle time, stops, batches, and its standard minutes where there is a standard."""
    for kind, spans in road.excluded.items():
        work.excluded[kind] += length(clip(spans, road.span))
    work.durations["on_road"] += road.span[1] - road.span[0]
    work.durations["net"] += length(road.net)
    work.durations["idle"] += road.idle(allowance)
    work.counts["stops"] += len(road.stops)
    work.counts["batch_scans"] += len(road.batches)
    for stop in road.stops:
        work.stops[zone.hour(stop[0].time)] += 1
    for start, end in road.net:
        begin = start
        while begin < end:
            until = min(zone.hour_start(begin) + HOUR, end)
            work.net[zone.hour(begin)] += until - begin
            begin = until
    if standard is not None:
        work.standard += road.effective_stops * standard
        work.durations["efficiency_net"] += road.effective
        work.counts["efficiency_stops"] += road.effective_stops


def add_completions(work: Work, roads: list[Road], zone: Zone) -> None:
    """Completions by local hour; an invoice counts once a Friend-day, at its first scan."""
    seen = set()
    for road in roads:
        for act in road.run.activities:
            if act.code in COMPLETIONS and act.invoice not in seen:
                seen.add(act.invoice)
                work.worked[zone.hour(act.time)] += 1
