"""What comes after the plan: another Friend, the next day, and the stages of a return."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hubstat.domain import time as tm
from hubstat.simulator.ground import Ground
from hubstat.simulator.parcel import Parcel
from hubstat.simulator.plan import DAWN, DAY

_MINUTE = tm.MINUTE


class Later:
    """Leads parcels that left the plan to their end."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def next_day(self, parcel: Parcel) -> None:
        """Deliver (or pick up) on the day after the service date, by a Friend of that day."""
        ground = self.ground
        rng = ground.rng
        tomorrow = ground.day + timedelta(days=1)
        night = parcel.wave == "DAWN" and parcel.service_date == tomorrow.isoformat()
        wave = DAWN if night else DAY
        friend = rng.choice(ground.crew(wave, tomorrow))
        route = f"RT-{friend}-{tomorrow:%y%m%d}-{wave.wave}"
        hours = (20.9, 22.75, (23.2, 30.5)) if night else (32.2, 34.4, (34.8, 39.5))
        given, left = (ground.at(hour) + rng.randrange(10 * _MINUTE) for hour in hours[:2])
        done = ground.between(hours[2])
        if parcel.direction == "RETURN" and parcel.service_date == tomorrow.isoformat():
            done = max(left + 10 * _MINUTE, parcel.promise_ms - rng.randint(5, 115) * _MINUTE)
        self.deliver(parcel, friend, route, given, left, done)

    def deliver(self, parcel: Parcel, friend: str, route: str, given: int, left: int, done: int) -> None:
        ground = self.ground
        scan = ground.scanner.scan
        who: dict[str, Any] = {"friend": friend, "route": route}
        scan(parcel, "ASSIGNED", given, **who)
        if parcel.direction == "DELIVERY":
            scan(parcel, "LOADED", left - ground.rng.randint(60_000, 8 * _MINUTE), **who)
        scan(parcel, "DEPARTED", left, **who)
        if parcel.direction == "DELIVERY":
            scan(parcel, "DELIVERED", done, **who)
            return
        if parcel.fate != "no_pickup_scan":
            scan(parcel, "PICKED_UP", done, **who)
        self.return_stages(parcel, done + 60 * _MINUTE)

    def return_stages(self, parcel: Parcel, back: int) -> None:
        """From the Friend's return to the end of a return; all of it within the day after the service date.

        A pre-refund comes soon after the pickup, before anybody has seen the goods.
        """
        ground = self.ground
        rng, scan = ground.rng, ground.scanner.scan
        scan(parcel, "ARRIVED_CAMP", back + rng.randint(1, 12) * _MINUTE)
        settled: tuple[tuple[str, int], ...] = (("EXCHANGED" if rng.random() < 0.08 else "REFUNDED", 45),)
        if parcel.prerefund and parcel.completed_ms is not None:
            settled = ()
            scan(parcel, "REFUNDED", parcel.completed_ms + rng.randint(3, 90) * _MINUTE, camp=False)
        at = max(back + tm.HOUR, ground.between((25.0, 29.0)))
        for code, minutes in (
            ("RECEIVED_WAREHOUSE", 0),
            ("INSPECTED", 60),
            *settled,
            ("COMPLETED", 15),
        ):
            at += int(minutes * rng.uniform(0.6, 1.6)) * _MINUTE
            scan(parcel, code, at + rng.randrange(60_000), camp=False)
