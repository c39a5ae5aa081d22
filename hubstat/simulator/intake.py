"""How parcels come in: registrations, and the fates that keep a parcel off the planned way."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

from hubstat.domain import time as tm
from hubstat.simulator.ground import Ground
from hubstat.simulator.later import Later
from hubstat.simulator.parcel import Parcel
from hubstat.simulator.plan import DAY, DELIVERY_FATES, PREREFUND_SHARE, RETURN_FATES, SAME_DOOR, SUPERSEDED_SHARE, Wave

UNMAPPED_CAMP: Final = "X99"
_MINUTE = tm.MINUTE
_RETURN_WINDOWS: Final = (9, 11, 13, 15, 17, 19)
_RETURN_WEIGHTS: Final = (14, 22, 22, 18, 14, 10)
_CARRIERS: Final = ("hanjin", "lotte", "cj")


class Intake:
    """Registers a camp's parcels; ``parcels`` holds them all."""

    def __init__(self, ground: Ground, later: Later) -> None:
        self.ground = ground
        self._later = later
        self.parcels: list[Parcel] = []
        self._doors = 0

    def _parcel(
        self, direction: str, wave: Wave, promise: int, fates: tuple[tuple[str, float], ...], number: str | None = None
    ) -> Parcel:
        ground = self.ground
        if not self._doors or ground.rng.random() >= SAME_DOOR:
            self._doors += 1
        door = blake2b(f"{ground.camp.camp_id}/{ground.day}/{self._doors}".encode(), digest_size=8).hexdigest()
        chance, fate = ground.rng.random(), ""
        for name, share in fates:
            chance -= share
            if chance < 0:
                fate = name
                break
        number = number or f"{ground.day:%y%m%d}{ground.camp.index + 1:03d}{len(self.parcels) + 1:05d}"
        parcel = Parcel(direction, number, ground.day.isoformat(), wave.wave, promise, ground.camp.camp_id, door, fate)
        self.parcels.append(parcel)
        return parcel

    def deliveries(self, wave: Wave, count: int) -> list[Parcel]:
        """Register a wave's deliveries; those on the plain way are returned, the others are led to their end."""
        ground = self.ground
        result: list[Parcel] = []
        until = len(self.parcels) + count
        while len(self.parcels) < until:
            promise = ground.at(7.0) if wave.wave == "DAWN" else ground.at(24.0) - 1
            if wave is DAY and ground.rng.random() < 0.15:
                promise = ground.at(20.0)
            parcel = self._parcel("DELIVERY", wave, promise, DELIVERY_FATES)
            registered = ground.between(wave.registered)
            if ground.rng.random() < SUPERSEDED_SHARE and len(self.parcels) < until:
                parcel = self._supersede(parcel, wave, registered)
            elif wave is DAY and not parcel.fate and ground.rng.random() < 0.01:
                opens = ground.rng.choice((10, 12, 14))
                parcel.promised_from, parcel.promise_ms = ground.at(opens), ground.at(opens + 4)
                ground.scanner.register(parcel, registered, source="rocket-install", manufacturer="M01")
            elif parcel.fate != "carrier":
                ground.scanner.register(parcel, registered, order_no=f"O{parcel.invoice_no}")
            if self._stays_on_plan(parcel, wave, registered):
                result.append(parcel)
        return result

    def _supersede(self, old: Parcel, wave: Wave, registered: int) -> Parcel:
        """Register a waybill and, later, the one that replaces it; returns the latter."""
        ground = self.ground
        old.fate = "superseded"
        ground.scanner.register(old, registered)
        new = self._parcel("DELIVERY", wave, old.promise_ms, ())
        ground.scanner.register(new, registered + ground.rng.randint(2, 40) * _MINUTE, replaces=old.invoice_no)
        old.superseded_by = new.invoice_no
        return new

    def _stays_on_plan(self, parcel: Parcel, wave: Wave, registered: int) -> bool:
        ground, fate = self.ground, parcel.fate
        scanner, rng = ground.scanner, ground.rng
        if fate == "carrier":
            self._by_carrier(parcel, registered)
        elif fate == "cancelled":
            at = max(registered + 5 * _MINUTE, ground.between((wave.arrived[0] - 1, wave.arrived[1])))
            scanner.scan(parcel, "CANCELLED", at, camp=False, by=rng.choice(("CUSTOMER", "SELLER")), reason="수취거부")
        elif fate == "customer_reschedule":
            self._put_off(
                parcel, max(registered + 5 * _MINUTE, ground.between((wave.arrived[0] - 0.5, wave.arrived[1])))
            )
            scanner.scan(parcel, "ARRIVED_CAMP", ground.between((wave.arrived[1], wave.arrived[1] + 0.4)))
            self._later.next_day(parcel)
        elif fate == "carrier_reschedule":
            scanner.scan(parcel, "ARRIVED_CAMP", ground.between(wave.arrived))
            moved = (ground.day + timedelta(days=1)).isoformat()
            promised = scanner.text(parcel.promise_ms + tm.DAY)
            more: dict[str, Any] = {
                "service_date": moved,
                "wave": parcel.wave,
                "promised_at": promised,
                "by": "CARRIER",
                "reason": "시간초과",
            }
            scanner.scan(
                parcel, "RESCHEDULED", ground.between((wave.arrived[1], wave.arrived[1] + 0.5)), camp=False, **more
            )
            self._later.next_day(parcel)
        elif fate == "not_arrived":
            scanner.scan(parcel, "ARRIVED_CAMP", ground.between((19.0, 23.0)))
            self._later.next_day(parcel)
        elif fate == "lost":
            scanner.scan(parcel, "ARRIVED_CAMP", ground.between(wave.arrived))
            scanner.scan(parcel, "CLOSED_ADMIN", ground.between((20.0, 23.5)), camp=False, reason="분실")
        else:
            if fate == "unmapped_camp":
                parcel.camp_id = UNMAPPED_CAMP
            return True
        return False

    def _by_carrier(self, parcel: Parcel, registered: int) -> None:
        """A parcel handed to another carrier, who reports late, often the date alone, and no Friend."""
        ground = self.ground
        rng, scanner = ground.rng, ground.scanner
        carrier = rng.choice(_CARRIERS)
        with_camp = rng.random() < 0.85
        if not with_camp:
            parcel.camp_id = None
        scanner.register(parcel, registered, carrier=carrier)
        if with_camp:
            scanner.scan(parcel, "ARRIVED_CAMP", ground.between((2.5, 6.5)))
        if rng.random() < 0.03:
            scanner.scan(
                parcel,
                "ATTEMPT_FAILED",
                ground.between((9.0, 11.0)),
                source=carrier,
                received=ground.between((15.0, 16.0)),
            )
        date_only = rng.random() < 0.5
        done = ground.between((-2.0, 6.8)) if parcel.wave == "DAWN" and not date_only else ground.between((11.5, 19.5))
        received = ground.between((20.0, 23.4)) if rng.random() < 0.5 else ground.between((26.0, 29.0))
        scanner.scan(
            parcel,
            "DELIVERED",
            done,
            camp=rng.random() < 0.5,
            received=received,
            date_only=date_only,
            source=carrier,
            carrier=carrier,
        )

    def returns(self, count: int) -> list[Parcel]:
        """Request the returns, each with a promised window of two hours; the plain ones are returned."""
        ground = self.ground
        result: list[Parcel] = []
        for index in range(count):
            opens = ground.rng.choices(_RETURN_WINDOWS, _RETURN_WEIGHTS)[0]
            # A return may bear the waybill number of a delivery: the direction tells them apart.
            number = self.parcels[index].invoice_no if ground.rng.random() < 0.05 else None
            parcel = self._parcel("RETURN", DAY, ground.at(opens + 2), RETURN_FATES, number)
            parcel.promised_from = ground.at(opens)
            requested = ground.between((-15.0, min(6.0, opens - 4)))
            parcel.prerefund = ground.rng.random() < PREREFUND_SHARE
            amount = ground.rng.randrange(3, 90) * 1000
            ground.scanner.register(
                parcel, requested, order_no=f"O{parcel.invoice_no}", prerefund=parcel.prerefund, amount_krw=amount
            )
            if parcel.fate == "withdrawn_customer":
                ground.scanner.scan(
                    parcel, "WITHDRAWN", ground.between((6.0, 6.5)), camp=False, by="CUSTOMER", reason="고객부재"
                )
            elif parcel.fate == "withdrawn_policy":
                ground.scanner.scan(
                    parcel, "WITHDRAWN", ground.between((30.0, 33.0)), camp=False, by="POLICY", reason="연락두절"
                )
            elif parcel.fate == "customer_reschedule":
                self._put_off(parcel, ground.between((6.0, 6.5)))
                self._later.next_day(parcel)
            else:
                result.append(parcel)
        return result

    def _put_off(self, parcel: Parcel, at: int) -> None:
        """The customer moves the promise to the next day, before any departure."""
        ground = self.ground
        parcel.service_date = (ground.day + timedelta(days=1)).isoformat()
        parcel.promise_ms += tm.DAY
        if parcel.promised_from is not None:
            parcel.promised_from += tm.DAY
        promise = ground.scanner.promise(parcel)
        ground.scanner.scan(parcel, "RESCHEDULED", at, camp=False, by="CUSTOMER", reason="고객부재", **promise)
