"""Projected finish of one Friend: when the stops that are left will be done, at the pace of the last net hour. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from hubstat.domain import time as tm
from hubstat.domain.baselines import AreaOf, Baselines
from hubstat.domain.friendday import FriendDay

# Weight of the standard rate in a pace, and the least net time that makes one without a standard; ms.
_PRIOR: Final = tm.HOUR
_ENOUGH: Final = 10 * tm.MINUTE

# Deadline of a wave on the service date, ms.
DeadlineOf = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Pending:
    """An open Due invoice. camp, friend: its attribution; promise: ms; promised_from: start of its window, ms."""

    camp: str | None
    friend: str | None
    direction: str
    invoice_no: str
    promise: int
    wave: str
    address_key: str | None
    promised_from: int | None = None

    @property
    def order(self) -> tuple[int, str, str, str]:
        """Place among what is left to do."""
        return (self.promise, self.address_key or "", self.direction, self.invoice_no)


@dataclass(frozen=True, slots=True)
class StopLeft:
    """A stop that is left, with its invoices in order. wave: of the first. finish: ms; None without a pace."""

    wave: str
    finish: int | None
    invoices: tuple[Pending, ...]


class Shortfall(NamedTuple):
    """Of the stops of one wave those that do not fit before its deadline.

    stops: of the wave. place: of its last one. fits: stops that can be done by the deadline (ms).
    """

    wave: str
    stops: int
    place: int
    deadline: int
    fits: float
    short: float


@dataclass(frozen=True, slots=True)
class Projection:
    """What one Friend has left at T. Times and lengths in ms.

    stops: in order. pace: stops per ms, None where nothing tells of one. start: from when the Friend works on. finish:
    the latest of the stops. shortfalls: of every wave with stops left. limit: until when the Friend could work on, None
    where not out, without a pace or without a deadline. spare: stops that the Friend could take over, 0 where not
    ``can_help``. camp: where all of it counts.
    """

    as_of: int
    stops: tuple[StopLeft, ...]
    pace: float | None
    start: int
    remaining_break: int
    finish: int | None
    shortfalls: tuple[Shortfall, ...]
    limit: int | None
    spare: float
    can_help: bool
    camp: str | None

    @property
    def shortfall(self) -> float:
        """Stops that will miss the deadline of their wave."""
        return sum((each.short for each in self.shortfalls), 0.0)

    def at_risk(self) -> list[Pending]:
        """Invoices not yet late whose stop is projected after their promise."""
        return [
            invoice
            for stop in self.stops
            if stop.finish is not None
            for invoice in stop.invoices
            if invoice.promise >= self.as_of and stop.finish > invoice.promise
        ]


def group_stops(pending: Iterable[Pending]) -> list[tuple[Pending, ...]]:
    """Stops of one Friend, or of what a camp has not assigned, in order: one per doorstep, one for each without a key.

    A stop's place is that of its first invoice.
    """
    stops: dict[tuple[str, str], list[Pending]] = {}
    for invoice in sorted(pending, key=lambda p: p.order):
        own = ("", invoice.address_key) if invoice.address_key else (invoice.direction, invoice.invoice_no)
        stops.setdefault(own, []).append(invoice)
    return [tuple(found) for found in stops.values()]


def project(
    pending: Iterable[Pending],
    day: FriendDay | None,
    *,
    as_of: int,
    baselines: Baselines,
    area_of: AreaOf,
    deadline_of: DeadlineOf,
) -> Projection:
    """Projection of one Friend at T. pending: what the Friend holds; day: the Friend-day, None without one.

    A Friend on the road with nothing left is projected too: that one may help.
    """
    groups = group_stops(pending)
    camp = day.camp if day is not None and day.camp is not None else groups[0][0].camp if groups else None
    pace = _pace(groups, day, baselines, area_of)
    start = as_of if day is None or day.starts_at is None else max(as_of, day.starts_at)
    pause = 0 if day is None else day.remaining_break
    stops = tuple(
        StopLeft(group[0].wave, None if pace is None else _finish(start + pause + int(place / pace), group), group)
        for place, group in enumerate(groups, 1)
    )
    spare, limit = 0.0, None
    if pace is not None and day is not None and day.status == "out":
        limit = _limit(day, stops, deadline_of)
        if limit is not None:
            spare = pace * max(0, limit - start - pause) - len(stops)
    return Projection(
        as_of=as_of,
        stops=stops,
        pace=pace,
        start=start,
        remaining_break=pause,
        finish=max((stop.finish for stop in stops if stop.finish is not None), default=None),
        shortfalls=() if pace is None else _shortfalls(stops, pace, start + pause, deadline_of),
        limit=limit,
        spare=spare if spare >= 1 else 0.0,
        can_help=spare >= 1,
        camp=camp,
    )


def _finish(at_pace: int, invoices: Iterable[Pending]) -> int:
    """When a stop is done, ms: at the pace, and no promised window of its invoices is begun before its time."""
    return max([at_pace, *(each.promised_from for each in invoices if each.promised_from is not None)])


def _pace(
    groups: Sequence[tuple[Pending, ...]], day: FriendDay | None, baselines: Baselines, area_of: AreaOf
) -> float | None:
    if day is not None and day.status == "absent":
        return None  # what an absent Friend holds, nobody brings
    done, net = (0, 0) if day is None else (day.recent_stops, day.recent_net)
    standard = _standard(groups, day, baselines, area_of)
    if standard is not None:
        rate = 1 / standard
        return (done + rate * _PRIOR) / (net + _PRIOR)
    return done / net if net >= _ENOUGH and done else None


def _standard(
    groups: Sequence[tuple[Pending, ...]], day: FriendDay | None, baselines: Baselines, area_of: AreaOf
) -> float | None:
    """Standard of the last run, else of the earliest planned shift, else of the first stop; ms per stop."""
    if day is not None and day.last_wave is not None:
        return baselines.standard(area_of(day.camp), day.last_wave)
    return baselines.standard(area_of(groups[0][0].camp), groups[0][0].wave) if groups else None


def _limit(day: FriendDay, stops: Sequence[StopLeft], deadline_of: DeadlineOf) -> int | None:
    """Until when a Friend could work, ms: the latest deadline at hand, and never beyond the planned shift."""
    deadlines = [deadline_of(wave) for wave in {*day.waves, *(stop.wave for stop in stops)}]
    if not deadlines:
        return None
    latest = max(deadlines)
    return latest if day.shift_end is None else min(latest, day.shift_end)


def _shortfalls(stops: Sequence[StopLeft], pace: float, start: int, deadline_of: DeadlineOf) -> tuple[Shortfall, ...]:
    """Of each wave what does not fit before its deadline. start: when the Friend works on, breaks left included."""
    last: dict[str, int] = {}
    count: dict[str, int] = {}
    for place, stop in enumerate(stops, 1):
        last[stop.wave] = place
        count[stop.wave] = count.get(stop.wave, 0) + 1
    found: list[Shortfall] = []
    for wave, remaining in last.items():
        deadline = deadline_of(wave)
        fits = pace * max(0, deadline - start)
        short = min(count[wave], max(0.0, remaining - fits))
        found.append(Shortfall(wave, count[wave], remaining, deadline, fits, short))
    return tuple(found)
