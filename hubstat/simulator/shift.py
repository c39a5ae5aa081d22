"""One Friend's shift: plan, loading, the way from door to door, breaks and mishaps, and the return to the camp."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hubstat.domain import time as tm
from hubstat.simulator.parcel import Parcel, Scanner
from hubstat.simulator.plan import (
    FAILURE_REASONS,
    FAILURE_WEIGHTS,
    INCIDENT_SHARE,
    LATE_START_SHARE,
    LOAD_WAIT_SHARE,
    NOT_LOADED_SHARE,
    OFFLINE_SHARE,
    RETRY_BY_OTHER,
    RETRY_BY_SAME,
    Wave,
)

Stop = list[Parcel]
_MINUTE = tm.MINUTE
_AWAITED = 0.08  # of a load that waits for parcels, those that are still missing when the route starts
_SLIPS = 5  # chance of a mistaken break, as a multiple of that of a mistaken completion


@dataclass(slots=True)
class Shift:
    """What is planned: who, when, and (filled by the camp) which parcels. Times are ms; ``weight``: hours of work."""

    friend_id: str
    camp_id: str
    service_date: str
    wave: Wave
    route_id: str
    midnight: int
    depart: int
    planned_end: int
    weight: float
    ahead: int = 0
    parcels: list[Parcel] = field(default_factory=list)
    windowed: list[Parcel] = field(default_factory=list)
    back: int = 0

    def at(self, hour: float) -> int:
        """An hour of the service date as ms."""
        return self.midnight + int(hour * tm.HOUR)


@dataclass(frozen=True, slots=True)
class Pace:
    """A camp's conditions on one day: minutes from door to door, and the chance that nobody can take a parcel."""

    stop_minutes: float
    failure_rate: float
    corrections: float


class Drive:
    """Plays one shift; what is not done then is in ``left`` (to carry over) and ``handed`` (for another Friend)."""

    def __init__(self, shift: Shift, scanner: Scanner, rng: Random, pace: Pace) -> None:
        self.shift = shift
        self.scanner = scanner
        self.rng = rng
        self.pace = pace
        self.left: list[Parcel] = []
        self.handed: list[Parcel] = []
        self.refused: list[Parcel] = []
        self.picked: list[Parcel] = []
        self._retries: list[Stop] = []
        self._pauses: deque[tuple[int, str, int]] = deque()
        self._offline_until = 0
        self._batch_left = 0
        self._events = 0

    def run(self) -> None:
        """Send everything of this shift and set ``shift.back``, when the Friend is back at the camp."""
        shift, rng = self.shift, self.rng
        self._plan()
        clock = shift.depart
        windowed = deque(
            sorted(((self._ready(p), n, p) for n, p in enumerate(shift.windowed)), key=lambda w: (w[0], w[1]))
        )
        for number, load in enumerate(self.loads()):
            clock = self._depart(load, clock) if number == 0 else self._depart_again(load, clock)
            for stop in load:
                while windowed and windowed[0][0] <= clock:
                    clock = self._visit([windowed.popleft()[2]], clock)
                clock = self._visit(stop, clock)
        for ready, _, parcel in windowed:
            clock = self._visit([parcel], max(clock, ready - 2 * _MINUTE))
        for stop in self._retries:
            clock = self._visit(stop, clock, again=True)
        if rng.random() < _SLIPS * self.pace.corrections:
            self._slip(clock)
        shift.back = clock + rng.randint(8, 25) * _MINUTE
        self.friend_event("ROUTE_ENDED", shift.back)

    def _slip(self, at: int) -> None:
        """A break started by mistake and taken back."""
        mistake = self.friend_event("BREAK_STARTED", at, until=self.scanner.text(at + 30 * _MINUTE))
        self.friend_event("CORRECTED", at + 2 * _MINUTE, corrects=mistake)
        self.scanner.recorder.counts.friend_corrections += 1

    def friend_event(self, code: str, at: int, received: int | None = None, **more: Any) -> str:
        """Send one friend-event; returns its event_id."""
        shift, rng = self.shift, self.rng
        self._events += 1
        event_id = f"{shift.route_id}.{self._events}"
        payload: dict[str, Any] = {
            "v": 1,
            "friend_id": shift.friend_id,
            "camp_id": shift.camp_id,
            "service_date": shift.service_date,
            "wave": shift.wave.wave,
            "route_id": shift.route_id,
            "code": code,
            "event_time": self.scanner.text(at),
            "event_id": event_id,
            **more,
        }
        arrives = max(received or 0, at + 300 + int(rng.random() * 15_000))
        self.scanner.recorder.send("friend", shift.friend_id.encode(), payload, arrives)
        return event_id

    def announce(self) -> None:
        """Send the plans made the day before."""
        shift, rng, text = self.shift, self.rng, self.scanner.text
        made = shift.at(shift.wave.shift[0]) - int(rng.uniform(2.5, 9) * tm.HOUR)
        begin, end = (shift.at(hour) for hour in shift.wave.shift)
        begin = min(begin, shift.depart - 30 * _MINUTE)
        end = max(end, shift.planned_end)
        self.friend_event("SHIFT_PLANNED", made, planned_from=text(begin), planned_to=text(end))
        late = rng.randint(11, 35) if rng.random() < LATE_START_SHARE else rng.randint(-6, 8)
        self.friend_event("ROUTE_PLANNED", made + 60_000, planned_from=text(shift.depart - late * _MINUTE))

    def _plan(self) -> None:
        shift, rng = self.shift, self.rng
        self.announce()
        hours = (shift.planned_end - shift.depart) / tm.HOUR
        if hours >= 3.5:
            minutes = 60 if hours >= 5.5 else 30
            planned = shift.depart + int(rng.uniform(*shift.wave.break_after) * tm.HOUR)
            if rng.random() < 0.7:
                made = shift.at(shift.wave.shift[0]) - 2 * tm.HOUR
                until = self.scanner.text(planned + minutes * _MINUTE)
                self.friend_event("BREAK_PLANNED", made, planned_from=self.scanner.text(planned), planned_to=until)
            style = rng.choices(("APP_LOCK", "BREAK", "UNRECORDED"), (40, 38, 22))[0]
            self._pauses.append((planned + rng.randint(-8, 15) * _MINUTE, style, minutes))
        span = max(1, shift.planned_end - shift.depart)
        if rng.random() < INCIDENT_SHARE:
            self._pauses.append((shift.depart + int(rng.random() * span), "INCIDENT", rng.randint(15, 45)))
        if rng.random() < OFFLINE_SHARE:
            self._pauses.append((shift.depart + int(rng.random() * span), "OFFLINE", rng.randint(15, 70)))
        self._pauses = deque(sorted(self._pauses))

    def _ready(self, parcel: Parcel) -> int:
        opens = parcel.promised_from or self.shift.depart
        return opens + int(self.rng.random() ** 1.5 * 0.5 * (parcel.promise_ms - opens))

    def loads(self) -> list[list[Stop]]:
        """The parcels without a window as rounds of stops; at least one round, be it empty."""
        stops = self._stops()
        cut = -(-len(stops) // self.shift.wave.rounds) if len(stops) > 24 else len(stops)
        return [stops[first : first + cut] for first in range(0, len(stops), cut)] if stops else [[]]

    def _stops(self) -> list[Stop]:
        stops: list[Stop] = []
        for parcel in self.shift.parcels:
            if stops and stops[-1][0].address_key == parcel.address_key:
                stops[-1].append(parcel)
            else:
                stops.append([parcel])
        return stops

    def _depart(self, load: list[Stop], clock: int) -> int:
        """Load the first round and what is promised in windows, and leave at ``clock``."""
        rng, windowed = self.rng, self.shift.windowed
        parcels = [parcel for stop in load for parcel in stop]
        loaded = parcels + [parcel for parcel in windowed if parcel.direction == "DELIVERY"]
        started, awaited = clock, 0
        if rng.random() < LOAD_WAIT_SHARE:
            started = clock - rng.randint(10, 25) * _MINUTE
            self._wait_for_load(started + _MINUTE, clock)
            awaited = round(_AWAITED * len(loaded))
        self.friend_event("ROUTE_STARTED", started)
        there = loaded[: len(loaded) - awaited]
        self._load(there, started - min(40 * _MINUTE, 12_000 * len(there) + 5 * _MINUTE), started)
        self._load(loaded[len(there) :], started + 2 * _MINUTE, clock)
        self._leave(parcels + windowed, clock)
        return clock

    def _depart_again(self, load: list[Stop], clock: int) -> int:
        """Be back at the camp after ``clock``, load the next round and leave; returns when."""
        rng = self.rng
        loading = clock + rng.randint(10, 20) * _MINUTE
        left = loading + rng.randint(15, 30) * _MINUTE
        if rng.random() < 0.4:
            begun, loading = loading, left
            left += rng.randint(6, 12) * _MINUTE
            self._wait_for_load(begun, loading)
        parcels = [parcel for stop in load for parcel in stop]
        self._load(parcels, loading, left)
        self._leave(parcels, left)
        return left

    def _load(self, parcels: list[Parcel], begin: int, end: int) -> None:
        """Scan parcels into the vehicle from ``begin`` to a minute before ``end``; a few are not scanned."""
        step = max(1, (end - begin - _MINUTE) // max(1, len(parcels)))
        for number, parcel in enumerate(parcels):
            if self.rng.random() >= NOT_LOADED_SHARE:
                self._held(parcel, "LOADED", begin + number * step + self.rng.randrange(step))

    def _leave(self, parcels: list[Parcel], at: int) -> None:
        for number, parcel in enumerate(parcels):
            self._held(parcel, "DEPARTED", at + number * 7 + self.rng.randrange(5))

    def _held(self, parcel: Parcel, code: str, at: int) -> None:
        shift = self.shift
        self.scanner.scan(parcel, code, at, ahead=shift.ahead, friend=shift.friend_id, route=shift.route_id)

    def _wait_for_load(self, begun: int, ended: int) -> None:
        self.friend_event("LOAD_WAIT_STARTED", begun)
        self.friend_event("LOAD_WAIT_ENDED", ended)

    def _visit(self, stop: Stop, clock: int, again: bool = False) -> int:
        """Go to the next door after ``clock``; returns when the Friend has done there."""
        rng = self.rng
        if self._batch_left:
            self._batch_left -= 1
            at = clock + rng.randint(3_000, 14_000)
        else:
            at = clock + int(self.pace.stop_minutes * _MINUTE * rng.lognormvariate(-0.08, 0.4))
        while self._pauses and self._pauses[0][0] <= at:
            at = self._pause(at)
        if at > self.shift.at(self.shift.wave.last):
            self.left += stop
            return clock
        risk = 0.15 if again else self.pace.failure_rate
        failed = rng.random() < (
            risk * 0.4 if stop[0].promised_from is not None else risk
        )  # who chose a window is at home
        reason = rng.choices(FAILURE_REASONS, FAILURE_WEIGHTS)[0] if failed else ""
        for parcel in stop:
            if parcel.fate == "cancelled_on_road":
                self._scan(parcel, "CANCELLED", at, by="CUSTOMER", reason="수취거부")
                self.refused.append(parcel)
            elif failed:
                self._scan(parcel, "ATTEMPT_FAILED", at, reason=reason)
            else:
                self._complete(parcel, at)
            at += rng.randint(2_000, 9_000)
        if failed:
            self._after_failure([p for p in stop if p.fate != "cancelled_on_road"], again)
        return at

    def _after_failure(self, parcels: list[Parcel], again: bool) -> None:
        chance = self.rng.random()
        if not parcels:
            return
        if chance < RETRY_BY_SAME and not again:
            self._retries.append(parcels)
        elif chance < RETRY_BY_SAME + RETRY_BY_OTHER:
            self.handed += parcels
        else:
            self.left += parcels

    def _scan(self, parcel: Parcel, code: str, at: int, *, voided: bool = False, **more: Any) -> str:
        shift = self.shift
        received = None
        if at < self._offline_until:
            received = self._offline_until + 1_000 + int(self.rng.random() * 30_000)
        who: dict[str, Any] = {} if code == "CANCELLED" else {"friend": shift.friend_id, "route": shift.route_id}
        return self.scanner.scan(parcel, code, at, ahead=shift.ahead, received=received, voided=voided, **who, **more)

    def _complete(self, parcel: Parcel, at: int) -> None:
        """The completion scan; now and then it was a mistake, taken back and scanned again."""
        rng = self.rng
        code = "DELIVERED" if parcel.direction == "DELIVERY" else "PICKED_UP"
        if parcel.direction == "RETURN":
            self.picked.append(parcel)
            if parcel.fate == "no_pickup_scan":
                return
        if self.pace.corrections and rng.random() < self.pace.corrections:
            if rng.random() < 0.7:  # scanned with the wrong parcel at an earlier door
                wrong = max(self.shift.depart + 60_000, at - rng.randint(5, 50) * _MINUTE)
                noticed = wrong + rng.randint(1, 40) * _MINUTE
            else:  # scanned too early, at this door
                wrong, noticed = at, at + rng.randint(1, 5) * _MINUTE
                at = noticed + rng.randint(2, 30) * _MINUTE
            mistake = self._scan(parcel, code, wrong, voided=True)
            self.scanner.correct(parcel, mistake, noticed)
        self._scan(parcel, code, at)

    def _pause(self, at: int) -> int:
        """Interrupt the way before the stop at ``at``; returns the time of that stop afterwards."""
        _, kind, minutes = self._pauses.popleft()
        rng = self.rng
        length = minutes * _MINUTE + rng.randint(0, 90_000)
        begun = at - rng.randint(20_000, 60_000)
        ended = begun + length
        if kind == "OFFLINE":
            self._offline_until = ended
            self.friend_event("OFFLINE_STARTED", begun, ended, until=self.scanner.text(ended + 10 * _MINUTE))
            self.friend_event("OFFLINE_ENDED", ended)
            return at
        if kind == "INCIDENT":
            self.friend_event("INCIDENT_STARTED", begun, until=self.scanner.text(begun + 30 * _MINUTE))
            self.friend_event("INCIDENT_ENDED", ended)
        elif kind == "BREAK":
            self.friend_event("BREAK_STARTED", begun, until=self.scanner.text(begun + minutes * _MINUTE))
            if rng.random() < 0.95:  # some forget to end it: `until` ends it
                self.friend_event("BREAK_ENDED", ended)
        elif kind == "APP_LOCK":
            self.friend_event("APP_LOCKED", begun)
            self.friend_event("APP_UNLOCKED", ended)
            self._batch_left = rng.randint(3, 9)
        return ended + rng.randint(20_000, 90_000)
