"""What ingest derives from an invoice's events for other documents: Friends' activities, and supersessions.

Both depend only on the invoice's set of events and on the records just consumed, never on what a write changed: a crash
may have come between the write and the publishing, and then the same records come again and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain import time as tm
from hubstat.domain.activity import Activity
from hubstat.domain.codes import ACTIVITIES, COMPLETIONS, DERIVED_SOURCE, RANK, REGISTRATIONS
from hubstat.domain.contract import Copy, Event, canonical
from hubstat.domain.invoice import activities, fold_facts
from hubstat.domain.log import EventLog, winner

SOURCE_RECEIVED_AT: Final = "source-received-at"
_MAX_ID: Final = 512
_MAX_ORIGIN: Final = 8_000
# Any received time is before it (the year 2286), so ``revision`` grows with every change an invoice can see.
_END_OF_TIME: Final = 10_000_000_000_000
_MAX_DATES_AHEAD: Final = 2
# A change of these may change the promise, the attribution or the validity of every activity of the invoice.
_TOUCH_ALL: Final = REGISTRATIONS | {"RESCHEDULED", "CORRECTED"}


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived record of ``invoice-events``. ``received``: ms, goes with it as header ``source-received-at``."""

    invoice_no: str
    value: bytes
    received: int


def revision(log: EventLog) -> int:
    """A number that grows with every new copy and every earlier received time, the only ways an invoice changes."""
    return sum(_END_OF_TIME - copy.received for _, copy in log)


def friend_activities(key: str, log: EventLog, consumed: Iterable[Event], zone: ZoneInfo) -> list[Activity]:
    """Activities of an invoice that the consumed records (already in ``log``) affect, one for each Friend concerned."""
    direction = key.split(":", 1)[0]
    affected = _affected(direction, log, list(consumed))
    if not affected:
        return []
    facts = log.facts(RANK[direction])
    state = fold_facts(direction, key, facts, zone)
    doers = {fact.event_id: friend for fact, friend in activities(direction, facts)}
    voided_at = _voided_at(log)
    latest, known_at, rev = log.max_time, log.max_received, revision(log)
    promise = state.promise
    found: list[Activity] = []
    for event_id in affected:
        copies = log.copies[event_id]
        copy = winner(copies, None)
        if copy is None:
            continue
        sent = copy.sent
        promised_from = sent.get("promised_from")
        since = tm.parse_instant(promised_from) if promised_from else promise.since if promise else None
        doer = doers.get(event_id)
        timed = len(sent["event_time"]) > 10
        dates = tuple(sorted({date for each in copies for date in _dates(each, zone)}))
        camps = {each.sent["camp_id"] for each in copies if "camp_id" in each.sent} - {sent.get("camp_id")}
        found += [
            Activity(
                friend_id=friend,
                invoice=key,
                event_id=event_id,
                code=sent["code"],
                time=copy.time,
                received=copy.received,
                camp_id=sent.get("camp_id"),
                route_id=sent.get("route_id"),
                address_key=sent.get("address_key") or state.address_key,
                promised_from=since,
                service_date=sent.get("service_date") or (promise.service_date if promise else None),
                wave=sent.get("wave") or (promise.wave if promise else None),
                voided_at=voided_at.get(event_id),
                counts=timed and friend == doer,
                rev=rev,
                latest=latest,
                known_at=known_at,
                dates=dates,
                other_camps=tuple(sorted(camps)),
            )
            for friend in _concerned(log, copies)
        ]
    return found


def _affected(direction: str, log: EventLog, consumed: list[Event]) -> list[str]:
    """Ids of the activities that the consumed events may have changed, sorted."""
    every = [event_id for event_id, copies in log.copies.items() if _is_activity(copies)]
    if not every:
        return []
    # A copy that arrives may take the place of another one: what either of them says has changed.
    said = [copy.sent for event in consumed for copy in log.copies[event.event_id]]
    codes = {sent["code"] for sent in said}
    if not codes.isdisjoint(_TOUCH_ALL):
        return sorted(every)
    moving = codes & ACTIVITIES or codes & COMPLETIONS[direction]
    if moving and any(copy.sent["code"] == "RESCHEDULED" for _, copy in log):
        # The first departure decides which rescheduling is the promise in force.
        return sorted(every)
    ids = {event.event_id for event in consumed}
    # An event may be the doorstep, or the holder, of those that name none.
    filling = [name for name in ("address_key", "friend_id") if any(name in sent for sent in said)]
    return sorted(
        each
        for each in every
        if each in ids or any(name not in copy.sent for name in filling for copy in log.copies[each])
    )


def _is_activity(copies: list[Copy]) -> bool:
    if len(copies) == 1:
        return copies[0].sent["code"] in ACTIVITIES
    return any(copy.sent["code"] in ACTIVITIES for copy in copies)


def _concerned(log: EventLog, copies: list[Copy]) -> list[str]:
    """Friends whose documents must hear of an activity: all that a copy names, and for one without a Friend all that
    the invoice names, since any of them may have been, or become, the holder."""
    named = {copy.sent.get("friend_id") for copy in copies}
    if None in named:
        named |= {copy.sent.get("friend_id") for _, copy in log}
    return sorted(friend for friend in named if friend is not None)


def _dates(copy: Copy, zone: ZoneInfo) -> list[str]:
    """Local dates of a copy's time, with and without the clock guard: an earlier received time moves it in between."""
    first = tm.local_date(copy.time, zone)
    stated = copy.sent["event_time"]
    last = tm.parse_date(stated) if tm.is_date(stated) else tm.local_date(tm.parse_instant(stated), zone)
    ahead = min(max((last - first).days, 0), _MAX_DATES_AHEAD)
    return [(first + timedelta(days=day)).isoformat() for day in range(ahead + 1)]


def _voided_at(log: EventLog) -> dict[str, int]:
    """Received time of the first correction of each voided event."""
    voided = log.voided()
    found: dict[str, int] = {}
    for _, copy in log:
        target = copy.sent.get("corrects")
        if copy.sent["code"] == "CORRECTED" and target in voided:
            found[target] = min(copy.received, found.get(target, copy.received))
    return found


def supersessions(key: str, log: EventLog, consumed: Iterable[Event]) -> list[Derived]:
    """Records for the waybills that affected registrations replace: SUPERSEDED, and CORRECTED where one was voided.

    Every copy of a registration makes a record for every waybill that any copy replaces, and every copy of its
    corrections likewise, so that the old waybill chooses among the same copies as the new one, at every known-at.
    """
    direction, invoice_no = key.split(":", 1)
    touched: set[str] = set()
    for event in consumed:
        touched |= {event.event_id, event.copy.sent.get("corrects", event.event_id)}
    touched = {each for each in touched if any("replaces" in copy.sent for copy in log.copies.get(each, ()))}
    found: list[Derived] = []
    for event_id in sorted(touched):
        copies = log.copies[event_id]
        targets = {copy.sent["replaces"] for copy in copies if _replaces(copy)} - {invoice_no}
        for old in sorted(targets):
            common = {"v": 1, "invoice_no": old, "direction": direction, "source": DERIVED_SOURCE}
            for copy in copies:
                sent = {**common, "code": "SUPERSEDED", "event_id": _superseded_id(invoice_no, event_id)}
                if copy.sent.get("replaces") == old and _replaces(copy):
                    sent["superseded_by"] = invoice_no
                found.append(_record(sent, copy))
            for correction_id, correction in _corrections(log, event_id):
                sent = {**common, "code": "CORRECTED", "event_id": _short(f"voided:{correction_id}:{invoice_no}")}
                sent["corrects"] = _superseded_id(invoice_no, correction.sent["corrects"])
                found.append(_record(sent, correction))
    return found


def _utc(instant: int) -> str:
    second = datetime.fromtimestamp(instant // 1000, UTC)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{instant % 1000:03d}Z"


def _replaces(copy: Copy) -> bool:
    return copy.sent["code"] == "REGISTERED" and "replaces" in copy.sent


def _corrections(log: EventLog, target: str) -> list[tuple[str, Copy]]:
    """Every copy of every correction of which some copy names the target."""
    return [
        (event_id, copy)
        for event_id, copies in log.copies.items()
        if any(each.sent["code"] == "CORRECTED" and each.sent["corrects"] == target for each in copies)
        for copy in copies
        if copy.sent["code"] == "CORRECTED"
    ]


def _superseded_id(invoice_no: str, event_id: str) -> str:
    return _short(f"superseded:{invoice_no}:{event_id}")


def _short(event_id: str) -> str:
    return event_id if len(event_id) <= _MAX_ID else sha256(event_id.encode()).hexdigest()


def _record(sent: dict[str, object], source: Copy) -> Derived:
    # ``origin`` sorts before every field in which two copies can differ at one time, so ties fall as at the source.
    sent["origin"] = canonical(source.sent).decode()[:_MAX_ORIGIN]
    # The time before the clock guard: the same received time guards it alike, also once an earlier one is known.
    stated = source.sent["event_time"]
    sent["event_time"] = stated if tm.is_date(stated) else _utc(tm.parse_instant(stated))
    return Derived(str(sent["invoice_no"]), orjson.dumps(sent, option=orjson.OPT_SORT_KEYS), source.received)
