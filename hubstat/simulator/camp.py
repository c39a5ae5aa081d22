"""One camp's day: the intake is shared out among the crew, driven, and what is left over is led to its end."""

from __future__ import annotations

import itertools
from datetime import date

from hubstat.domain import time as tm
from hubstat.simulator.ground import Ground
from hubstat.simulator.intake import Intake
from hubstat.simulator.later import Later
from hubstat.simulator.network import Camp, NetworkSpec, shares
from hubstat.simulator.parcel import Parcel
from hubstat.simulator.plan import (
    ABSENT_SHARE,
    CLOCK_AHEAD_SHARE,
    DAWN,
    DAY,
    RETURN_SHARE,
    SAME_DAY,
    TEMPORARY_SHARE,
    WAVES,
    Wave,
)
from hubstat.simulator.record import Options
from hubstat.simulator.scale import WHOLE, Scale
from hubstat.simulator.shift import Drive, Pace, Shift

_MINUTE = tm.MINUTE


class CampDay:
    """Plays one camp's service date; then ``parcels`` holds the truth and ``recorder`` the records, unsorted."""

    def __init__(
        self, spec: NetworkSpec, camp: Camp, day: date, seed: int, options: Options, scale: Scale = WHOLE
    ) -> None:
        self.ground = Ground(spec, camp, day, seed, options, scale)
        self.camp = camp
        self.recorder = self.ground.recorder
        self._later = Later(self.ground)
        self._intake = Intake(self.ground, self._later)
        self.parcels = self._intake.parcels
        self._shifts: list[Shift] = []

    def run(self) -> None:
        """Play the whole day."""
        invoices = self.ground.invoices(self.ground.day)
        returns = round(invoices * RETURN_SHARE)
        sizes = shares(invoices - returns, [wave.share for wave in WAVES])
        on_route = {
            wave: self._intake.deliveries(wave, self.ground.portion(wave, size))
            for wave, size in zip(WAVES, sizes, strict=True)
        }
        windowed = self._intake.returns(self.ground.portion(DAY, returns))
        for wave in WAVES:
            self._form_shifts(wave, on_route[wave], len(windowed) if wave is DAY else 0)
        installs = [p for wave in (DAY, SAME_DAY) for p in on_route[wave] if p.promised_from is not None]
        self._share_windows(windowed + installs)
        drives = [self._drive(shift) for shift in self._shifts]
        for drive in drives:
            self._finish(drive)

    def _form_shifts(self, wave: Wave, parcels: list[Parcel], extra: int) -> None:
        """Make the wave's shifts and give them the parcels, in the order of their doors."""
        ground = self.ground
        rng = ground.rng
        deliveries = [p for p in parcels if p.promised_from is None]
        whole = ground.scale.friends == 1
        crew = ground.crew(wave, ground.day, len(parcels) + extra if whole else None)
        # Of a small crew nobody is absent and the ends are spread evenly, so that it is like the whole one.
        absent = [friend for friend in crew if whole and len(crew) > 1 and rng.random() < ABSENT_SHARE][:1]
        ends = [rng.random() if whole else (place + rng.random()) / len(crew) for place in range(len(crew))]
        shifts = [
            self._shift(friend, wave, end) for friend, end in zip(crew, ends, strict=True) if friend not in absent
        ]
        if wave is DAY:  # one stays for the promised windows of the evening
            latest = max(shifts, key=lambda s: s.planned_end)
            latest.planned_end = max(latest.planned_end, ground.at(19.6))
        for shift, size in zip(shifts, shares(len(deliveries), [s.weight for s in shifts]), strict=True):
            shift.parcels, deliveries = deliveries[:size], deliveries[size:]
        for friend in absent:
            self._stay_away(self._shift(friend, wave, rng.random()), shifts)
        self._shifts += shifts

    def _shift(self, friend: str, wave: Wave, end: float) -> Shift:
        """A Friend's shift; ``end``: where in the crew's order of going home, 0 (last) to 1 (first)."""
        ground = self.ground
        rng = ground.rng
        if rng.random() < TEMPORARY_SHARE:
            friend = f"T{friend[1:]}"  # hired for the day: in no master data
        chance = rng.random()
        depart = ground.between(wave.departures[-1][1:])
        for share, first, last in wave.departures:
            chance -= share
            if chance < 0:
                depart = ground.between((first, last))
                break
        weight = rng.uniform(0.88, 1.12)
        ends = ground.at(wave.last - 1.2)
        if wave.finish:
            finish = max(_quantile(wave.finish, end), (depart - ground.midnight) / tm.HOUR + 1.6)
            hours = finish - (depart - ground.midnight) / tm.HOUR
            weight = hours - (1.0 if hours >= 5.5 else 0.5 if hours >= 3.5 else 0.0)
            ends = ground.at(finish)
        route = f"RT-{friend}-{ground.day:%y%m%d}-{wave.wave}"
        ahead = rng.randint(6, 24) * _MINUTE if rng.random() < CLOCK_AHEAD_SHARE else 0
        return Shift(
            friend,
            ground.camp.camp_id,
            ground.day.isoformat(),
            wave,
            route,
            ground.midnight,
            depart,
            ends,
            weight,
            ahead,
        )

    def _stay_away(self, shift: Shift, others: list[Shift]) -> None:
        """A planned Friend who does not come: parcels were assigned first to the absent, then to the others."""
        ground = self.ground
        drive = Drive(shift, ground.scanner, ground.rng, self._pace(shift.wave))
        drive.announce()
        begin = shift.at(shift.wave.shift[0])
        drive.friend_event("ABSENT", begin + ground.rng.randint(0, 20) * _MINUTE)
        for parcel in (p for other in others for p in other.parcels[:: len(others) + 1]):
            at = begin - ground.rng.randint(150, 170) * _MINUTE
            ground.scanner.scan(parcel, "ASSIGNED", at, friend=shift.friend_id, route=shift.route_id)

    def _share_windows(self, parcels: list[Parcel]) -> None:
        """Give each parcel with a promised window to a Friend who is out then, else to who stays out longest."""
        ground = self.ground
        shifts = [s for s in self._shifts if s.wave is not DAWN]
        for parcel in parcels:
            opens = parcel.promised_from or 0
            out = [
                s
                for s in shifts
                if s.planned_end >= opens + 30 * _MINUTE and s.depart <= parcel.promise_ms - 60 * _MINUTE
            ]
            able = [s for s in out if len(s.windowed) < 30]
            if able:
                shift = min(
                    able, key=lambda s: (sum(p.promised_from == opens for p in s.windowed), ground.rng.random())
                )
            else:
                shift = max(shifts, key=lambda s: s.planned_end - 25 * _MINUTE * len(s.windowed))
            shift.windowed.append(parcel)

    def _pace(self, wave: Wave) -> Pace:
        ground = self.ground
        return Pace(
            wave.stop_minutes * (1.08 if ground.camp.short else 1.0),
            ground.camp.failure_rate,
            ground.options.corrections,
        )

    def _drive(self, shift: Shift) -> Drive:
        """Everything from the arrival at the camp to the Friend's return.

        A second round is assigned once the first is on its way.
        """
        rng, pace = self.ground.rng, self._pace(shift.wave)
        drive = Drive(shift, self.ground.scanner, rng, pace)
        before = shift.depart - rng.randint(50, 100) * _MINUTE
        first, *more = ([parcel for stop in load for parcel in stop] for load in drive.loads())
        for parcel in first + shift.windowed:
            self._assign(shift, parcel, before, before)
        after = shift.depart + rng.randint(4, 15) * _MINUTE
        for parcel in itertools.chain.from_iterable(more):
            self._assign(shift, parcel, before, after)
        drive.run()
        return drive

    def _assign(self, shift: Shift, parcel: Parcel, before: int, assigned: int) -> None:
        """Let a parcel arrive at the camp before a time, and assign it."""
        rng, scan = self.ground.rng, self.ground.scanner.scan
        if parcel.direction == "DELIVERY":
            arrived = min(self.ground.between(shift.wave.arrived), before - rng.randint(2, 40) * _MINUTE)
            if rng.random() < 0.995:
                scan(parcel, "ARRIVED_CAMP", arrived)
        scan(parcel, "ASSIGNED", assigned + rng.randrange(90_000), friend=shift.friend_id, route=shift.route_id)

    def _finish(self, drive: Drive) -> None:
        ground = self.ground
        shift = drive.shift
        for parcel in drive.picked:
            self._later.return_stages(parcel, shift.back)
        for parcel in drive.refused:
            ground.scanner.scan(parcel, "RETURNED_CAMP", shift.back + ground.rng.randint(1, 20) * _MINUTE)
        for parcel in drive.handed:
            self._by_another(parcel, shift)
        for parcel in drive.left:
            self._back_at_camp(parcel, shift.back)
            if shift.wave is DAWN and ground.rng.random() < 0.8:
                self._by_another(parcel, shift, returned=True)
            elif ground.rng.random() < 0.94:
                self._later.next_day(parcel)

    def _back_at_camp(self, parcel: Parcel, at: int) -> None:
        ground = self.ground
        if parcel.direction == "DELIVERY":
            ground.scanner.scan(parcel, "RETURNED_CAMP", at + ground.rng.randint(1, 20) * _MINUTE)

    def _by_another(self, parcel: Parcel, first: Shift, returned: bool = False) -> None:
        """A second Friend, who is still out later, takes the parcel over; else it waits for the next day."""
        ground = self.ground
        if not returned:
            self._back_at_camp(parcel, first.back)
        given = first.back + ground.rng.randint(22, 40) * _MINUTE
        able = [s for s in self._shifts if s.friend_id != first.friend_id and s.back > given + 100 * _MINUTE]
        if not able:
            self._later.next_day(parcel)
            return
        second = ground.rng.choice(able)
        given = max(given, second.depart + 5 * _MINUTE)
        done = ground.rng.randint(given + 30 * _MINUTE, max(given + 31 * _MINUTE, second.back - 12 * _MINUTE))
        self._later.deliver(parcel, second.friend_id, second.route_id, given, given + 15 * _MINUTE, done)


def _quantile(points: tuple[tuple[float, float], ...], chance: float) -> float:
    """Hour at which the survival falls to ``chance``, linear between the points."""
    for (high, before), (low, after) in itertools.pairwise(points):
        if chance >= low:
            return before + (high - chance) / (high - low) * (after - before)
    return points[-1][1]
