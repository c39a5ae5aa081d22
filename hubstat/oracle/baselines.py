"""What a service date is measured against: allowances, standards and plan shares, from the dates before it."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from hubstat.oracle.activities import Activity
from hubstat.oracle.archive import Archive, FinalActivities
from hubstat.oracle.clock import HOUR, MINUTE, date_text, day_number
from hubstat.oracle.friends import friend_date
from hubstat.oracle.invoices import standing
from hubstat.oracle.masters import Network
from hubstat.oracle.ranks import nearest_rank, whole_minutes

ALLOWANCE = 15 * MINUTE
HISTORY = range(2, 30)  # days before the service date
SAME_WEEKDAYS = (7, 14, 21, 28)
FIRST_OFFSET = -24
OFFSETS = range(FIRST_OFFSET, 48)

AreaWave = tuple[str, str]
Part = tuple[str, str, str]  # camp, direction, wave


class Baselines(NamedTuple):
    """``allowances`` in ms; ``standards`` in ms a stop; ``shares``: cumulative, one for each of 72 offsets."""

    allowances: dict[AreaWave, int]
    standards: dict[AreaWave, float]
    shares: dict[Part, list[float]]

    def allowance(self, area: str | None, wave: str | None) -> int:
        """The idle allowance in ms; 15 minutes without history."""
        return ALLOWANCE if area is None or wave is None else self.allowances.get((area, wave), ALLOWANCE)

    def standard(self, area: str | None, wave: str | None) -> float | None:
        """The standard in ms a stop, if there is one."""
        return None if area is None or wave is None else self.standards.get((area, wave))


class WaveWork(NamedTuple):
    """The runs of one wave of one final Friend-day: remainders of gaps in minutes, effective net ms and stops."""

    camp: str
    wave: str
    remainders: list[int]
    net: int
    stops: int


class Baseliner:
    """Computes baselines of one archive; what a date finally was is computed once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._activities = FinalActivities(archive)
        self._work: dict[int, list[WaveWork]] = {}
        self._curves: dict[int, dict[Part, list[float]]] = {}

    def baselines(self, service_date: str, network: Network) -> Baselines:
        """The baselines of a service date; areas as on each date of the history."""
        day = day_number(service_date)
        remainders: dict[AreaWave, list[int]] = defaultdict(list)
        per_stop: dict[AreaWave, list[float]] = defaultdict(list)
        for before in (day - back for back in HISTORY):
            for work in self._final_work(before):
                area = network.area(work.camp, before)
                if area is None:
                    continue
                remainders[area, work.wave] += work.remainders
                if work.stops:
                    per_stop[area, work.wave].append(work.net / work.stops)
        standards = {part: nearest_rank(values, 50) for part, values in per_stop.items()}
        return Baselines(
            allowances={
                part: max(ALLOWANCE, nearest_rank(minutes, 95) * MINUTE)
                for part, minutes in remainders.items()
                if minutes
            },
            standards={part: value for part, value in standards.items() if value > 0},
            shares=self._shares(day, network),
        )

    def _shares(self, day: int, network: Network) -> dict[Part, list[float]]:
        curves: dict[Part, list[list[float]]] = defaultdict(list)
        for before in (day - back for back in SAME_WEEKDAYS):
            for part, curve in self._final_curves(before).items():
                if not network.is_abroad(part[0], before):
                    curves[part].append(curve)
        return {part: [nearest_rank(place, 50) for place in zip(*found, strict=True)] for part, found in curves.items()}

    def _final_work(self, day: int) -> list[WaveWork]:
        """The Friend-days of a date as they finally were, by wave; runs without a wave or camp are left out."""
        if day in self._work:
            return self._work[day]
        zone = self._archive.zone
        closing = zone.closing(day)
        by_friend: dict[str, list[Activity]] = defaultdict(list)
        for identity in self._archive.active_around(day):
            for act in self._activities.of(identity, closing):
                by_friend[act.friend].append(act)
        found: list[WaveWork] = []
        for friend, acts in by_friend.items():
            events = self._archive.friend_events_at(friend, closing, closing)
            date = friend_date(acts, events, date_text(day), closing, zone)
            for wave in {road.run.wave for road in date.roads}:
                if wave is None or date.camp is None:
                    continue
                roads = [road for road in date.roads if road.run.wave == wave]
                found.append(
                    WaveWork(
                        camp=date.camp,
                        wave=wave,
                        remainders=[whole_minutes(gap) for road in roads for gap in road.remainders],
                        net=sum(road.effective for road in roads),
                        stops=sum(road.effective_stops for road in roads),
                    )
                )
        self._work[day] = found
        return found

    def _final_curves(self, day: int) -> dict[Part, list[float]]:
        """The cumulative completion shares of the camps, directions and waves of a date, as they finally were."""
        if day in self._curves:
            return self._curves[day]
        service_date = date_text(day)
        closing = self._archive.zone.closing(day)
        midnight = self._archive.zone.start_of_day(day)
        done: dict[Part, list[int | None]] = defaultdict(list)
        for identity in self._archive.promised.get(service_date, ()):
            invoice = standing(self._archive.events_at(identity, closing, closing))
            if invoice is None or invoice.service_date != service_date or invoice.removed or invoice.camp is None:
                continue
            if not self._archive.is_superseded(identity, closing, closing):
                done[invoice.camp, invoice.direction, invoice.wave].append(invoice.completed_at)
        self._curves[day] = {
            part: [
                sum(time is not None and time < midnight + (offset + 1) * HOUR for time in times) / len(times)
                for offset in OFFSETS
            ]
            for part, times in done.items()
        }
        return self._curves[day]


def without_history() -> Baselines:
    """The baselines of a date before which nothing is known."""
    return Baselines({}, {}, {})
