"""When each Friend will be done with the open invoices of a service date, at the pace of now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from hubstat.oracle.baselines import Baselines
from hubstat.oracle.clock import HOUR, MINUTE, Zone
from hubstat.oracle.friends import FriendDate
from hubstat.oracle.invoices import Standing
from hubstat.oracle.masters import Network
from hubstat.oracle.roads import Road
from hubstat.oracle.spans import union

LEAST_NET = 10 * MINUTE

Door = tuple[str, ...]
StopLeft = list[Standing]  # the open invoices of one door, in order


@dataclass(frozen=True)
class Day:
    """What every projection of a service date at T needs; ``number``: the date's day number."""

    number: int
    as_of: int
    network: Network
    baselines: Baselines
    zone: Zone

    def deadline(self, wave: str) -> int:
        """Deadline of a wave of the date, epoch ms."""
        return self.network.deadline(wave, self.number, self.zone)

    def rate(self, camp: str | None, wave: str | None) -> float | None:
        """The standard rate in stops per ms of a camp's area and a wave."""
        standard = self.baselines.standard(self.network.area(camp, self.number), wave)
        return None if standard is None else 1 / standard


def promise_order(invoice: Standing) -> tuple[int, str, str, str]:
    """The order in which open invoices are taken."""
    return (invoice.promise, invoice.address_key or "", invoice.direction, invoice.number)


def stops_left(invoices: Iterable[Standing]) -> list[StopLeft]:
    """The invoices by door, in the order of each door's first invoice; no key is a door of its own."""
    doors: dict[Door, StopLeft] = defaultdict(list)
    for invoice in sorted(invoices, key=promise_order):
        key = invoice.address_key
        doors[(key,) if key else (invoice.direction, invoice.number)].append(invoice)
    return list(doors.values())


class Projection:
    """One Friend's open stops of the date, when each will be done, and what the Friend can spare or falls short by.

    ``pace``: stops per ms, None when there is nothing to tell it by. All instants are epoch ms.
    """

    def __init__(self, friend: FriendDate, invoices: Iterable[Standing], day: Day) -> None:
        self.stops = stops_left(invoices)
        self._friend = friend
        self._day = day
        self.pace = self._pace()
        self._from = self._begin()

    @property
    def camp(self) -> str | None:
        """Where the projection counts: the Friend's camp of the date where it is known, else that of the first stop."""
        if self._friend.camp is None and self.stops:
            return self.stops[0][0].camp
        return self._friend.camp

    def finish(self, place: int) -> int | None:
        """When the stop at a place (from 1) will be done: no sooner than the promised windows of its invoices begin."""
        if self.pace is None:
            return None
        done = self._from + int(place / self.pace) + self._friend.remaining_break
        for invoice in self.stops[place - 1]:
            if invoice.promised_from is not None:
                done = max(done, invoice.promised_from)
        return done

    def last_finish(self) -> int | None:
        """When the last of the stops will be done; None without stops or a pace."""
        times = [self.finish(place) for place in range(1, len(self.stops) + 1)]
        return max((time for time in times if time is not None), default=None)

    def at_risk(self) -> list[Standing]:
        """The open invoices whose promise is to come and will be missed."""
        found = []
        for place, stop in enumerate(self.stops, 1):
            finish = self.finish(place)
            if finish is not None:
                found += [invoice for invoice in stop if self._day.as_of <= invoice.promise < finish]
        return found

    def shortfall(self) -> float:
        """Stops that will not be done by their wave's deadline, over all waves."""
        short = 0.0
        for wave in {stop[0].wave for stop in self.stops}:
            places = [place for place, stop in enumerate(self.stops, 1) if stop[0].wave == wave]
            if self.pace is not None:
                left = max(0.0, places[-1] - self.pace * self._time_until(self._day.deadline(wave)))
                short += min(float(len(places)), left)
        return short

    def spare(self) -> float:
        """Stops that the Friend could do beside the own ones, 0 for one who is not out or could not do a whole one."""
        waves = {road.run.wave for road in self._friend.roads} | {stop[0].wave for stop in self.stops}
        deadlines = [self._day.deadline(wave) for wave in waves if wave is not None]
        if not self._friend.out or self.pace is None or not deadlines:
            return 0.0
        limit = min([max(deadlines), *self._shift_end()])
        spare = self.pace * self._time_until(limit) - len(self.stops)
        return spare if spare >= 1 else 0.0

    def _shift_end(self) -> list[int]:
        """The end of the latest planned shift, if there is one."""
        return [max(shift.end for shift in self._friend.shifts)] if self._friend.shifts else []

    def _time_until(self, instant: int) -> int:
        return max(0, instant - self._from - self._friend.remaining_break)

    def _begin(self) -> int:
        """T, or the start of the shift of somebody who has not begun."""
        shift = self._friend.earliest_shift
        if shift is None or self._friend.roads:
            return self._day.as_of
        return max(self._day.as_of, shift.start)

    def _pace(self) -> float | None:
        if self._friend.absent:
            return None
        begin, net = last_net_hour(self._friend.roads)
        done = sum(stop[0].time >= begin for road in self._friend.roads for stop in road.stops) if net else 0
        rate = self._rate()
        if rate is not None:
            return (done + rate * HOUR) / (net + HOUR)
        return done / net if net >= LEAST_NET and done else None

    def _rate(self) -> float | None:
        """The standard rate of the last run (where it has a wave), else of the earliest shift, else of the first stop.

        A wave without a standard is no reason to look further.
        """
        friend = self._friend
        wave = friend.roads[-1].run.wave if friend.roads else None
        if wave is None and friend.earliest_shift is not None:
            wave = friend.earliest_shift.wave
        if wave is not None:
            return self._day.rate(friend.camp, wave)
        if self.stops:
            return self._day.rate(self.stops[0][0].camp, self.stops[0][0].wave)
        return None


def last_net_hour(roads: list[Road]) -> tuple[int, int]:
    """(begin in epoch ms, length in ms) of the latest hour of net time on the road; (0, 0) without any."""
    begin, missing = 0, HOUR
    for start, end in reversed(union(span for road in roads for span in road.net)):
        taken = min(missing, end - start)
        begin, missing = end - taken, missing - taken
        if not missing:
            break
    return begin, HOUR - missing
