"""The documents that are kept, an invoice's and a Friend's: each its own events beside the fields derived from them.

A Friend has several of a local date: one for his own events, and one for the activities of each part of the day.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain import time as tm
from hubstat.domain.activity import Activity, ActivityRows, stored_activities, stored_rows
from hubstat.domain.backlog import waiting_of
from hubstat.domain.codes import ACTIVITIES
from hubstat.domain.contract import Event, Sent
from hubstat.domain.invoice import FOLD_VERSION, InvoiceState, fold
from hubstat.domain.loading import Loading, loading_of
from hubstat.domain.log import EventLog
from hubstat.domain.projection import Pending
from hubstat.domain.row import Row, row_of

SHARED: Final = frozenset({"v", "invoice_no", "direction"})
# A Friend-day is folded from the dates D-1 to D+1; copies of their events may have another date, by a day.
READ_AROUND: Final = (-2, -1, 0, 1, 2)
# A shift takes work up to two hours before and after it.
_AROUND_PLAN: Final = 2 * tm.HOUR
# A plan over more days than this is no shift: it is kept at its first ones only.
_MOST_PLANNED: Final = 3
_OF_SERVICE_DATE: Final = frozenset({"ABSENT", "ROUTE_PLANNED"})
FRIEND_SHARED: Final = frozenset({"v", "friend_id"})
_PART: Final = 3 * tm.HOUR


def invoice_key(direction: str, invoice_no: str) -> str:
    """Identity of an invoice, also its document id: ``DELIVERY:123``."""
    return f"{direction}:{invoice_no}"


def home_date(event: Event, zone: ZoneInfo) -> str:
    """Date of the index an unseen invoice is kept in: its service date, else the local date of its event time."""
    stated = event.copy.sent.get("service_date")
    return stated if isinstance(stated, str) else tm.local_date(event.copy.time, zone).isoformat()


def invoice_document(key: str, log: EventLog, zone: ZoneInfo) -> dict[str, Any]:
    """Whole document of an invoice: ``events`` as stored, every other field derived. Times in ms."""
    direction, invoice_no = key.split(":", 1)
    state = fold(direction, invoice_no, log, zone)
    service_dates, activity_dates, friends, camps = set(), set(), set(), set()
    max_time = max_received = 0
    for _, copy in log:
        sent = copy.sent
        max_time, max_received = max(max_time, copy.time), max(max_received, copy.received)
        if "service_date" in sent:
            service_dates.add(sent["service_date"])
        if sent["code"] in ACTIVITIES:
            activity_dates.add(tm.local_date(copy.time, zone).isoformat())
        if "friend_id" in sent:
            friends.add(sent["friend_id"])
        if "camp_id" in sent:
            camps.add(sent["camp_id"])
    document: dict[str, Any] = {
        "direction": direction,
        "invoice_no": invoice_no,
        "fold_version": FOLD_VERSION,
        "max_event_time": max_time,
        "max_received_at": max_received,
        "due_dates": sorted(service_dates),
        "activity_dates": sorted(activity_dates),
        "friends": sorted(friends),
        "camps": sorted(camps),
        "first_event_time": min(copy.time for _, copy in log),
        "first_received_at": min(copy.received for _, copy in log),
        "registered": state.promise is not None,
        "superseded_by": state.superseded_by,
        "open": state.open,
        "camp": state.camp,
        "friend": state.friend,
        "completed_at": state.completed_at,
        "events": {"log": log.stored(SHARED)},
    }
    document.update(_counted(state))
    waiting = waiting_of(state)
    if waiting is not None:
        document |= {"place": waiting.place(), "waits_since": waiting.since, "last_event_at": waiting.last_event}
    return document


def _counted(state: InvoiceState) -> dict[str, Any]:
    row = row_of(state)
    if row is None or state.promise is None:
        return {}
    counted: dict[str, Any] = {
        "due_date": state.promise.service_date,
        "due_wave": state.promise.wave,
        "due": row.due,
        "state": row.state,
        "promise": row.promise,
        "settled": row.settled,
        "attempt": row.attempt,
        "reason": row.reason,
        "step": row.step,
        "policy": row.policy,
        "valid_reasons": row.valid_reasons,
        "cell": row.cell(),
    }
    place = (state.camp, state.direction, row.wave)
    if state.completed_at is not None:
        counted["hour_cell"] = cell(*place, state.completed_at // tm.HOUR)
        counted["minute_cell"] = cell(*place, minute_of(state.completed_at))
    if state.stages:
        counted["stage_cells"] = [cell(*place, stage, minutes) for stage, minutes in state.stages]
    pending = pending_of(state, row)
    if pending is not None:
        counted["pending"] = packed(*(getattr(pending, name) for name in Pending.__slots__))
    loading = loading_of(state, row)
    if loading is not None:
        counted["loading"] = packed(*(getattr(loading, name) for name in Loading.__slots__))
    return counted


def pending_of(state: InvoiceState, row: Row) -> Pending | None:
    """What is left to do of a counted invoice: None unless it is due and open."""
    if not (row.due and row.open):
        return None
    return Pending(
        state.camp,
        state.friend,
        state.direction,
        state.invoice_no,
        row.promise,
        row.wave,
        state.address_key,
        state.promise.since if state.promise else None,
    )


def cell(*values: Any) -> str:
    """Attributes that are counted together, as one keyword."""
    return orjson.dumps(values).decode()


def packed(*values: Any) -> str:
    """Attributes that are read one document at a time: JSON in base64, as Elasticsearch keeps binary values.

    Nearly each invoice has its own: as a keyword they cost Elasticsearch a quarter of a write.
    """
    return b64encode(orjson.dumps(values)).decode()


def unpacked(text: str) -> list[Any]:
    """The attributes of :func:`packed`."""
    values: list[Any] = orjson.loads(b64decode(text))
    return values


def minute_of(instant: int) -> int:
    """Whole minute of an instant (ms) since the epoch, rounded up, as percentiles count."""
    return -(-instant // tm.MINUTE)


def restore_invoice(key: str, document: dict[str, Any]) -> EventLog:
    """The events of a stored invoice document."""
    direction, invoice_no = key.split(":", 1)
    return EventLog.restore(document["events"]["log"], {"v": 1, "invoice_no": invoice_no, "direction": direction})


def part_of(instant: int) -> int:
    """Part of a date whose document keeps an activity of a time (ms): the three hours of a day of UTC, from 0.

    A document is written whole: in parts, an activity has the last hours written again and not the day. Where the time
    of an activity moves to another part, the one it was in keeps what was derived before, which is older.
    """
    return instant % tm.DAY // _PART


@dataclass(slots=True)
class FriendLog:
    """What one Friend's documents hold: raw friend events, and activities by (invoice, event id)."""

    events: EventLog = field(default_factory=EventLog)
    activities: dict[tuple[str, str], Activity] = field(default_factory=dict)

    def add_activity(self, activity: Activity) -> bool:
        """Add a derivation; False where a newer or the same one is known."""
        identity = (activity.invoice, activity.event_id)
        known = self.activities.get(identity)
        if known is not None and known.newness >= activity.newness:
            return False
        self.activities[identity] = activity
        return True


def friend_event_dates(event: Event, zone: ZoneInfo) -> list[str]:
    """Local dates of the Friend documents that keep a friend event; none for a correction, which is kept apart because
    its target's date is unknown.

    A plan is kept at all dates that it, with two hours around it, touches, and at its service date and those beside it:
    whoever reads one of two plans of a shift then reads both. An absence is kept at its own date and its service date.
    """
    sent: Sent = event.copy.sent
    if sent["code"] == "CORRECTED":
        return []
    dates = {tm.local_date(event.copy.time, zone)}
    stated = [tm.parse_date(sent["service_date"])] if "service_date" in sent else []
    if "planned_from" in sent:
        start = tm.parse_instant(sent["planned_from"])
        end = max(start, tm.parse_instant(sent["planned_to"]) if "planned_to" in sent else start)
        first = tm.local_date(start - _AROUND_PLAN, zone)
        touched = (tm.local_date(end + _AROUND_PLAN, zone) - first).days
        dates = {first + timedelta(days=day) for day in range(min(touched, _MOST_PLANNED) + 1)}
        dates |= {day + timedelta(days=beside) for day in stated for beside in (-1, 0, 1)}
    elif sent["code"] in _OF_SERVICE_DATE:
        dates |= set(stated)
    return sorted(day.isoformat() for day in dates)


def friend_document(friend_id: str, date: str, part: int | None, log: FriendLog) -> dict[str, Any]:
    """Whole document of a Friend on one local date: of his activities in one part of it, or of his events (None).

    ``date`` = "" for the corrections. Times in ms.
    """
    events = log.events.stored(FRIEND_SHARED)
    rows = ActivityRows.of(log.activities.values())
    return friend_document_of(friend_id, date, part, events, rows, rows.packed())


def friend_document_of(
    friend_id: str, date: str, part: int | None, events: list[list[Any]], rows: ActivityRows, packed: bytes
) -> dict[str, Any]:
    """The same from what is stored: events as ``EventLog.stored`` gives them, and the activities, also packed."""
    stored: dict[str, Any] = {"events": events}
    if rows:
        stored["activities"] = stored_rows(packed)
    document: dict[str, Any] = {} if part is None else {"part": part}
    return document | {
        "friend_id": friend_id,
        "date": date,
        "fold_version": FOLD_VERSION,
        "camps": sorted(rows.camps.union(sent["camp_id"] for _, _, _, sent in events if "camp_id" in sent)),
        "max_event_time": max([time for _, time, _, _ in events] + [rows.latest] * bool(rows)),
        "max_received_at": max([received for _, _, received, _ in events] + [rows.known] * bool(rows)),
        "log": stored,
    }


def restore_friend(friend_id: str, documents: Sequence[dict[str, Any]]) -> FriendLog:
    """The events and activities of one Friend from its stored documents of several dates."""
    log = restore_activities(friend_id, [d["log"]["activities"] for d in documents if "activities" in d["log"]])
    log.events = restore_events(friend_id, documents)
    return log


def restore_activities(friend_id: str, kept: Iterable[str]) -> FriendLog:
    """The activities alone of one Friend, as several documents keep them."""
    log = FriendLog()
    for stored in kept:
        for activity in stored_activities(friend_id, stored):
            log.add_activity(activity)
    return log


def restore_events(friend_id: str, documents: Iterable[dict[str, Any]]) -> EventLog:
    """The events alone of one Friend from its stored documents of several dates."""
    log = EventLog()
    for document in documents:
        for event_id, copy in restore_friend_events(friend_id, document["log"]["events"]):
            log.add(Event("", event_id, copy))
    return log


def restore_friend_events(friend_id: str, events: Iterable[list[Any]]) -> EventLog:
    """The friend events of one stored document."""
    return EventLog.restore(events, {"v": 1, "friend_id": friend_id})
