"""A Friend's documents against the invoices: where they claim to be the state at (T, K), both tell of the same work."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregations.productivity import is_settled, work_in, work_in_invoice, work_of
from aggregations.question import Moment
from hubstat.domain import time as tm
from hubstat.domain.contract import Copy, Event, decode_invoice_event
from hubstat.domain.document import FriendLog, friend_document, part_of, restore_friend
from hubstat.domain.log import EventLog
from ingest.derive import friend_activities

ZONE = tm.zone("KR")
START = tm.parse_instant("2026-11-20T22:00:00+09:00")
STEPS = 12
STEP = 30 * tm.MINUTE
KEY = "DELIVERY:1"
CODES = (
    *("REGISTERED", "ASSIGNED", "ARRIVED_CAMP", "DEPARTED", "ATTEMPT_FAILED", "RESCHEDULED", "DELIVERED"),
    *("CANCELLED", "CORRECTED"),
)

Sent = dict[str, Any]


def instant(step: int) -> str:
    return tm.iso_local(START + step * STEP, ZONE)


@st.composite
def sent_events(draw: st.DrawFn) -> tuple[Sent, int]:
    """One record with its received time; few ids, so that copies of one event differ in anything."""
    code = draw(st.sampled_from(CODES))
    step = draw(st.integers(0, STEPS))
    sent: Sent = {
        "v": 1,
        "invoice_no": "1",
        "direction": "DELIVERY",
        "code": code,
        "event_time": instant(step) if draw(st.integers(0, 7)) else instant(step)[:10],
        "event_id": draw(st.sampled_from("abcdefgh")),
        "source": "CARRIER",
    }
    for name, values in {"friend_id": ["F1", "F2"], "camp_id": ["C1", "C2"], "address_key": ["x", "y"]}.items():
        value = draw(st.sampled_from([None, *values]))
        if value:
            sent[name] = value
    if code in {"REGISTERED", "RESCHEDULED"}:
        sent |= {"service_date": draw(st.sampled_from(["2026-11-20", "2026-11-21"])), "wave": "DAY"}
        sent |= {"promised_at": instant(8), "by": draw(st.sampled_from(["CUSTOMER", "CARRIER"]))}
        if draw(st.booleans()):
            sent["promised_from"] = instant(draw(st.integers(0, STEPS)))
    if code == "CORRECTED":
        sent["corrects"] = draw(st.sampled_from("abcdefgh"))
    return sent, START + (step + draw(st.integers(-2, STEPS))) * STEP


def decoded(records: list[tuple[Sent, int]]) -> list[Event]:
    return [decode_invoice_event(json.dumps(sent).encode(), received, ZONE) for sent, received in records]


def documents_of(events: list[Event]) -> dict[str, list[dict[str, Any]]]:
    """The Friends' documents after ingest has seen the events one by one, by Friend."""
    log = EventLog()
    kept: dict[tuple[str, str, int], FriendLog] = {}
    for event in events:
        log.add(Event(event.key, event.event_id, Copy(event.copy.time, event.copy.received, event.copy.sent)))
        for activity in friend_activities(KEY, log, [event], ZONE):
            for date in activity.dates:
                place = (activity.friend_id, date, part_of(activity.time))
                kept.setdefault(place, FriendLog()).add_activity(activity)
    found: dict[str, list[dict[str, Any]]] = {}
    for (friend, date, part), friend_log in kept.items():
        document = json.loads(json.dumps(friend_document(friend, date, part, friend_log)))
        found.setdefault(friend, []).append(document)
    return found


@settings(max_examples=1000, deadline=None)
@given(
    records=st.lists(sent_events(), min_size=1, max_size=10),
    as_of=st.integers(0, 2 * STEPS),
    later=st.integers(0, STEPS),
)
def test_settled_documents_say_what_the_invoices_say(records: list[tuple[Sent, int]], as_of: int, later: int) -> None:
    events = decoded(records)
    documents = documents_of(events)
    log = EventLog()
    log.merge(decoded(records))
    moment = Moment(START + as_of * STEP, START + (as_of + later) * STEP)
    from_invoices: dict[str, list[Any]] = {}
    for friend, work in work_in_invoice(KEY, log, moment, ZONE):
        from_invoices.setdefault(friend, []).append(work)
    assert from_invoices.keys() <= documents.keys(), "a Friend who worked has a document"
    for friend, found in documents.items():
        camps = {camp for document in found for camp in document["camps"]}
        assert {work.camp for work in from_invoices.get(friend, [])} - {None} <= camps
        if is_settled(found, moment):
            stored = sorted(work_in(friend, found), key=lambda w: w.order)
            whole = work_of(restore_friend(friend, found).activities.values())
            assert stored == sorted(whole, key=lambda w: w.order)
            assert stored == sorted(from_invoices.get(friend, []), key=lambda w: w.order)
