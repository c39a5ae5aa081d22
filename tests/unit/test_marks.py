"""Which service dates a written record marks for the roll-up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from fakes import FakePublisher, FakeRecord, FakeWriter

from hubstat.domain import time as tm
from hubstat.domain.activity import Activity
from hubstat.settings import Settings
from ingest.friends import FriendFlusher
from ingest.invoices import InvoiceFlusher
from ingest.marks import closing_between

ZONE = tm.zone("KR")
REGISTERED = {
    "v": 1,
    "invoice_no": "1",
    "direction": "DELIVERY",
    "code": "REGISTERED",
    "event_time": "2026-11-18T18:00:00+09:00",
    "event_id": "r",
    "service_date": "2026-11-20",
    "wave": "DAY",
    "promised_at": "2026-11-20T20:00:00+09:00",
}
DELIVERED = {
    **{name: REGISTERED[name] for name in ("v", "invoice_no", "direction")},
    "code": "DELIVERED",
    "event_time": "2026-11-20T19:00:00+09:00",
    "event_id": "d",
    "camp_id": "C1",
    "friend_id": "F1",
}
STARTED = {
    "v": 1,
    "friend_id": "F1",
    "code": "ROUTE_STARTED",
    "event_time": "2026-11-20T09:00:00+09:00",
    "event_id": "s",
    "camp_id": "C1",
}
AROUND = ["2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"]


def at(text: str) -> int:
    return tm.parse_instant(f"{text}:00+09:00")


def marked(writer: FakeWriter) -> list[str]:
    return sorted(doc_id for index, doc_id in writer.documents if index == "t-rollup-marks")


async def invoices(writer: FakeWriter, now: str, *sent: dict[str, Any]) -> list[str]:
    """Dates marked by a worker that knows nothing yet, at a present."""
    for place in [place for place in writer.documents if place[0] == "t-rollup-marks"]:
        del writer.documents[place]
    await writer.refresh("*")
    flusher = InvoiceFlusher(Settings(namespace="t"), writer, FakePublisher(), trusted=True, clock=lambda: at(now))
    await flusher.flush([FakeRecord(json.dumps(each).encode(), timestamp=at(now)) for each in sent])
    return marked(writer)


async def friends(writer: FakeWriter, now: str, *records: FakeRecord) -> list[str]:
    await writer.refresh("*")
    flusher = FriendFlusher(Settings(namespace="t"), writer, trusted=True, clock=lambda: at(now))
    await flusher.flush([replace(record, timestamp=at(now)) for record in records])
    return marked(writer)


def friend(**changes: Any) -> FakeRecord:
    return FakeRecord(json.dumps({**STARTED, **changes}).encode(), topic="t-friend-events")


async def test_an_open_date_is_not_marked_until_an_hour_before_it_closes() -> None:
    writer = FakeWriter()
    assert await invoices(writer, "2026-11-18T19:00", REGISTERED) == []
    assert await invoices(writer, "2026-11-20T19:30", DELIVERED) == []
    assert await invoices(writer, "2026-11-21T10:59", DELIVERED) == []
    assert await invoices(writer, "2026-11-21T11:00", DELIVERED) == ["2026-11-20"]


async def test_a_repeated_record_marks_again() -> None:
    writer = FakeWriter()
    await invoices(writer, "2026-11-21T14:00", REGISTERED, DELIVERED)
    first = writer.documents["t-rollup-marks", "2026-11-20"][0]
    await invoices(writer, "2026-11-21T14:00", DELIVERED)
    assert writer.documents["t-rollup-marks", "2026-11-20"][0] > first


async def test_old_and_new_dates_of_a_moved_promise_are_marked() -> None:
    writer = FakeWriter()
    moved = {
        **REGISTERED,
        "code": "RESCHEDULED",
        "event_id": "m",
        "by": "CUSTOMER",
        "event_time": "2026-11-24T08:00:00+09:00",
        "service_date": "2026-11-22",
    }
    assert await invoices(writer, "2026-11-24T08:00", REGISTERED, moved) == [
        "2026-11-18",
        "2026-11-19",
        "2026-11-20",
        "2026-11-21",
        "2026-11-22",
    ]
    # What waited at the closings before its time cannot have changed by it.
    assert await invoices(writer, "2026-11-24T08:00", moved) == ["2026-11-20", "2026-11-22"]


async def test_a_late_scan_marks_the_dates_that_closed_since_its_time() -> None:
    """What waits is counted whatever its service date."""
    writer = FakeWriter()
    await invoices(writer, "2026-11-18T19:00", REGISTERED)
    assert await invoices(writer, "2026-11-23T14:00", DELIVERED) == ["2026-11-20", "2026-11-21", "2026-11-22"]


async def test_a_correction_marks_the_dates_that_closed_since_the_first_event() -> None:
    writer = FakeWriter()
    await invoices(writer, "2026-11-20T19:30", REGISTERED, DELIVERED)
    voided = {
        **{name: REGISTERED[name] for name in ("v", "invoice_no", "direction")},
        "code": "CORRECTED",
        "event_id": "c",
        "corrects": "d",
        "event_time": "2026-11-22T15:00:00+09:00",
    }
    assert await invoices(writer, "2026-11-22T15:00", voided) == [
        "2026-11-18",
        "2026-11-19",
        "2026-11-20",
        "2026-11-21",
    ]


async def test_a_record_that_is_refused_marks_nothing() -> None:
    writer = FakeWriter()
    writer.refuse.add("DELIVERY:1")
    assert await invoices(writer, "2026-11-25T14:00", REGISTERED) == []


async def test_a_friend_event_marks_the_dates_around_it_and_the_one_it_states() -> None:
    assert await friends(FakeWriter(), "2026-11-25T14:00", friend()) == AROUND
    assert await friends(FakeWriter(), "2026-11-21T10:00", friend()) == ["2026-11-18", "2026-11-19"]
    stated = await friends(FakeWriter(), "2026-11-25T14:00", friend(service_date="2026-11-17"))
    assert stated == ["2026-11-17", *AROUND]


async def test_an_activity_marks_the_dates_around_it() -> None:
    activity = Activity(
        *("F1", "DELIVERY:1", "d", "DELIVERED", at("2026-11-20T19:00"), at("2026-11-20T19:00"), "C1"),
        *(None, None, None, "2026-11-20", "DAY", None, True, 1, at("2026-11-20T19:00"), at("2026-11-20T19:00")),
        *(("2026-11-20",), ()),
    )
    record = FakeRecord(activity.encode(), topic="t-friend-activity")
    assert await friends(FakeWriter(), "2026-11-25T14:00", record) == AROUND


async def test_a_friend_correction_marks_the_dates_of_what_it_voids() -> None:
    writer = FakeWriter()
    await friends(writer, "2026-11-20T09:30", friend(), friend(event_id="t", event_time="2026-11-15T09:00:00+09:00"))
    for place in [place for place in writer.documents if place[0] == "t-rollup-marks"]:
        del writer.documents[place]
    correction = friend(code="CORRECTED", event_id="c", corrects="s", event_time="2026-11-25T10:00:00+09:00")
    assert await friends(writer, "2026-11-25T14:00", correction) == AROUND


def test_closings_between_two_times_are_counted_with_both_ends() -> None:
    noon = at("2026-11-21T12:00")
    assert closing_between(noon, noon, ZONE) == {"2026-11-20"}
    assert closing_between(noon + 1, noon + tm.DAY - 1, ZONE) == set()
    assert len(closing_between(noon, noon + 30 * tm.DAY, ZONE)) == 31
