"""One invoice of the simulated day: its scans as they are sent, and beside them what really happened."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hubstat.domain import time as tm
from hubstat.domain.codes import COMPLETIONS
from hubstat.simulator.record import Recorder, time_text

_DEPARTURES = frozenset({"DEPARTED", "ATTEMPT_FAILED"})
_HOLDS = frozenset({"ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED"})
_ENDS = frozenset({"CANCELLED", "WITHDRAWN", "CLOSED_ADMIN"})


@dataclass(slots=True, eq=False)
class Parcel:
    """An invoice and its true course. Times are ms; ``*_ms`` fields are guarded: never after the received time."""

    direction: str
    invoice_no: str
    service_date: str
    wave: str
    promise_ms: int
    camp_id: str | None
    address_key: str
    fate: str = ""
    promised_from: int | None = None
    prerefund: bool = False
    registered_ms: int | None = None
    departed_ms: int | None = None
    completed_ms: int | None = None
    completed_by: str | None = None
    holder: str | None = None
    holder_ms: int = 0
    ended_ms: int | None = None
    ended_by: str | None = None
    admin_ms: int | None = None
    superseded_by: str | None = None
    failed_attempts: int = 0
    last_reason: str | None = None
    events: int = 0
    duplicates: int = 0
    corrections: int = 0

    @property
    def due(self) -> bool:
        """Whether the invoice is due on its service date in the end, everything known (C8)."""
        if self.superseded_by is not None or self.registered_ms is None:
            return False
        if self.completed_ms is not None or self.ended_ms is None:
            return True
        departed_before = self.departed_ms is not None and self.departed_ms <= self.ended_ms
        return departed_before or self.ended_ms >= self.promise_ms

    @property
    def late(self) -> bool:
        """Whether it is due and late in the end: completed, cancelled or still open after the promise."""
        if not self.due:
            return False
        if self.completed_ms is not None:
            return self.completed_ms > self.promise_ms
        return self.ended_ms is None or self.ended_ms > self.promise_ms

    def note(self, code: str, at: int, friend: str | None, reason: str | None) -> None:
        """Write down what a scan that holds for good proves."""
        if code in COMPLETIONS[self.direction] and (self.completed_ms is None or at < self.completed_ms):
            self.completed_ms, self.completed_by = at, friend
        if code in _DEPARTURES or code in COMPLETIONS[self.direction]:
            self.departed_ms = at if self.departed_ms is None else min(self.departed_ms, at)
        if code in _HOLDS and friend is not None and at >= self.holder_ms and self.completed_ms is None:
            self.holder, self.holder_ms = friend, at
        if code == "ATTEMPT_FAILED":
            self.failed_attempts += 1
            self.last_reason = reason
        if code == "CLOSED_ADMIN":
            self.admin_ms = at
        elif code in _ENDS and (self.ended_ms is None or at < self.ended_ms):
            self.ended_ms, self.ended_by = at, code


class Scanner:
    """Sends the scans of a camp's parcels."""

    def __init__(self, recorder: Recorder, rng: Random, zone: ZoneInfo) -> None:
        self.recorder = recorder
        self.rng = rng
        self.zone = zone

    def text(self, ms: int) -> str:
        """A time as it is written in an event."""
        return time_text(ms, self.zone)

    def scan(
        self,
        parcel: Parcel,
        code: str,
        at: int,
        *,
        friend: str | None = None,
        route: str | None = None,
        camp: bool = True,
        received: int | None = None,
        ahead: int = 0,
        voided: bool = False,
        date_only: bool = False,
        **more: Any,
    ) -> str:
        """Send one scan of a parcel done at ``at``; returns its event_id.

        received: when it would arrive at best (default: seconds later); ahead: by how much the device's clock is wrong;
        voided: a correction will take it back; date_only: only the local date of the scan is told.
        """
        rng = self.rng
        parcel.events += 1
        event_id = f"{parcel.invoice_no}.{parcel.direction[0]}{parcel.events}"
        payload: dict[str, Any] = {
            "v": 1,
            "invoice_no": parcel.invoice_no,
            "direction": parcel.direction,
            "code": code,
            "event_time": tm.local_date(at, self.zone).isoformat() if date_only else time_text(at + ahead, self.zone),
            "event_id": event_id,
        }
        if rng.random() < 0.92:
            payload["service_date"] = parcel.service_date
            payload["wave"] = parcel.wave
        if camp and parcel.camp_id is not None:
            payload["camp_id"] = parcel.camp_id
        if friend is not None:
            payload["friend_id"] = friend
            payload["route_id"] = route
        if code in _DOORSTEP:
            payload["address_key"] = parcel.address_key
        if more:
            payload.update(more)
        arrives = received if received is not None and received > at else at + 400 + int(rng.random() ** 3 * 20_000)
        first, copies = self.recorder.send("invoice", parcel.invoice_no.encode(), payload, arrives)
        parcel.duplicates += copies
        if not voided:
            claimed = tm.day_end(tm.local_date(at, self.zone), self.zone) if date_only else at + ahead
            parcel.note(code, min(claimed, first), friend, more.get("reason"))
        return event_id

    def register(self, parcel: Parcel, at: int, **more: Any) -> None:
        """Send the registration (of a return: the request) that states the promise."""
        code = "REGISTERED" if parcel.direction == "DELIVERY" else "REQUESTED"
        more |= self.promise(parcel)
        self.scan(parcel, code, at, **more)
        parcel.registered_ms = at

    def promise(self, parcel: Parcel) -> dict[str, Any]:
        """The fields that state a parcel's promise."""
        promised = self.text(parcel.promise_ms)
        if parcel.promise_ms % 1000:  # the end of the day is promised as 23:59:59
            promised = promised[:19] + promised[23:]
        fields: dict[str, Any] = {"service_date": parcel.service_date, "wave": parcel.wave, "promised_at": promised}
        if parcel.promised_from is not None:
            fields["promised_from"] = self.text(parcel.promised_from)
        return fields

    def correct(self, parcel: Parcel, event_id: str, at: int) -> None:
        """Take one scan back."""
        parcel.corrections += 1
        self.recorder.counts.corrections += 1
        self.scan(parcel, "CORRECTED", at, camp=False, corrects=event_id)


_DOORSTEP = frozenset({"REGISTERED", "REQUESTED", "ATTEMPT_FAILED", "DELIVERED", "PICKED_UP"})
