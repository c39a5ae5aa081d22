"""What the oracle takes for an event and what for a dead letter."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from hubstat.oracle import InvoiceEvent, Reject, Zone, decode_friend_record, decode_invoice_record
from hubstat.oracle.clock import parse_timestamp
from hubstat.oracle.history import known_events

ZONE = Zone("KR")
NOON = parse_timestamp("2026-11-20T12:00:00+09:00")
SCAN = {
    "v": 1,
    "invoice_no": "A-1",
    "direction": "DELIVERY",
    "code": "DELIVERED",
    "event_time": "2026-11-20T11:00:00+09:00",
    "camp_id": "C1",
}
PLAN = {
    "v": 1,
    "friend_id": "F1",
    "code": "SHIFT_PLANNED",
    "event_time": "2026-11-19T11:00:00+09:00",
    "service_date": "2026-11-20",
    "wave": "DAY",
    "planned_from": "2026-11-20T09:00:00+09:00",
    "planned_to": "2026-11-20T20:00:00+09:00",
}


def invoice_event(received: int = NOON, **fields: Any) -> InvoiceEvent | Reject:
    return decode_invoice_record(orjson.dumps(SCAN | fields), received, ZONE)


def accepted(received: int = NOON, **fields: Any) -> InvoiceEvent:
    event = invoice_event(received, **fields)
    assert isinstance(event, InvoiceEvent)
    return event


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"v": 2}, "v"),
        ({"v": True}, "v"),
        ({"invoice_no": "한글"}, "invoice_no"),
        ({"invoice_no": "B" * 41}, "invoice_no"),
        ({"invoice_no": 7}, "invoice_no"),
        ({"direction": "SIDEWAYS"}, "direction"),
        ({"code": "PICKED_UP"}, "code"),
        ({"code": ["DELIVERED"]}, "code"),
        ({"event_time": ""}, "event_time"),
        ({"event_time": "2026-11-20T11:00:00"}, "event_time"),
        ({"event_time": "2026-11-20 11:00:00+09:00"}, "event_time"),
        ({"event_time": "2200-01-01T00:00:00Z"}, "event_time"),
        ({"event_time": "9999-12-31"}, "event_time"),
        ({"event_time": "2026-02-30"}, "event_time"),
        ({"event_time": "0001-01-01T00:00:00+09:00"}, "event_time"),
        ({"event_time": "2026-11-20T24:00:00+09:00"}, "event_time"),
        ({"camp_id": ""}, "camp_id"),
        ({"camp_id": None}, "camp_id"),
        ({"code": "ASSIGNED"}, "friend_id"),
        ({"code": "REGISTERED", "service_date": "2026-11-20", "wave": "DAY"}, "promised_at"),
        ({"code": "CORRECTED", "corrects": "E"}, "event_id"),
        ({"code": "CORRECTED", "event_id": "E"}, "corrects"),
        ({"service_date": "2026-11-31"}, "service_date"),
        ({"service_date": "2027-01-20"}, "service_date"),
        ({"service_date": "2025-10-15"}, "service_date"),
        ({"promised_from": "soon"}, "promised_from"),
        ({"by": "NOBODY"}, "by"),
        ({"amount_krw": "12"}, "amount_krw"),
        ({"prerefund": "yes"}, "prerefund"),
    ],
)
def test_a_wrong_record_is_a_dead_letter_that_names_the_field(fields: dict[str, Any], named: str) -> None:
    event = invoice_event(**fields)
    assert isinstance(event, Reject)
    assert event.reason.startswith(f"{named}:")


@pytest.mark.parametrize("raw", [b"{not json", b"[]", b"\xff", b""])
def test_what_is_no_json_object_is_a_dead_letter(raw: bytes) -> None:
    assert isinstance(decode_invoice_record(raw, NOON, ZONE), Reject)
    assert isinstance(decode_friend_record(raw, NOON, ZONE), Reject)


@pytest.mark.parametrize("service_date", ["2027-01-19", "2025-10-16"])
def test_the_limits_of_a_service_date_are_inclusive(service_date: str) -> None:
    assert accepted(service_date=service_date).service_date == service_date


def test_unknown_fields_are_ignored() -> None:
    assert accepted(x_new={"a": 1}).invoice_no == "A-1"


def test_a_carrier_may_leave_out_camp_and_friend() -> None:
    event = accepted(code="DEPARTED", camp_id="", source="HANJIN")
    assert (event.camp, event.friend) == (None, None)


def test_times_are_cut_to_milliseconds() -> None:
    assert accepted(event_time="2026-11-20T02:00:00.1239Z").time == parse_timestamp("2026-11-20T11:00:00.123+09:00")


def test_a_clock_ahead_is_set_back_to_the_received_time() -> None:
    assert accepted(event_time="2026-11-20T12:00:00.001+09:00").time == NOON


@pytest.mark.parametrize(
    ("promised_at", "meant"),
    [
        ("2026-11-20T23:59:59+09:00", "2026-11-20T23:59:59.999+09:00"),
        ("2026-11-20T14:59:59Z", "2026-11-20T23:59:59.999+09:00"),
        ("2026-11-20T23:59:59.5+09:00", "2026-11-20T23:59:59.500+09:00"),
        ("2026-11-20T23:59:59Z", "2026-11-20T23:59:59Z"),
    ],
)
def test_a_promise_of_the_last_second_means_its_end(promised_at: str, meant: str) -> None:
    assert accepted(promised_at=promised_at).promise == parse_timestamp(meant)


def test_an_event_without_an_id_gets_the_hash_of_its_parts() -> None:
    parts = "A-1\x1fDELIVERY\x1fDELIVERED\x1f2026-11-20T11:00:00+09:00\x1f"
    assert accepted().event_id == hashlib.sha256(f"{parts}C1".encode()).hexdigest()
    assert accepted(friend_id="F1").event_id == hashlib.sha256(f"{parts}F1".encode()).hexdigest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"friend_id": ""},
        {"code": "DELIVERED"},
        {"planned_from": ""},
        {"service_date": ""},
        {"event_time": "2026-11-19"},
        {"code": "CORRECTED", "event_id": "E"},
    ],
)
def test_a_wrong_friend_record_is_a_dead_letter(wrong: dict[str, Any]) -> None:
    assert not isinstance(decode_friend_record(orjson.dumps(PLAN), NOON, ZONE), Reject)
    assert isinstance(decode_friend_record(orjson.dumps(PLAN | wrong), NOON, ZONE), Reject)


def test_of_identical_copies_the_earliest_received_counts() -> None:
    ahead = "2026-11-20T13:00:00+09:00"
    copies = [accepted(NOON + 60_000, event_time=ahead), accepted(NOON, event_time=ahead)]
    assert [event.time for event in known_events(copies, NOON + 60_000)] == [NOON]


def test_a_correction_of_a_correction_has_no_effect() -> None:
    copies = [
        accepted(event_id="E"),
        accepted(code="CORRECTED", event_id="X", corrects="E"),
        accepted(code="CORRECTED", event_id="Y", corrects="X"),
    ]
    assert known_events(copies, NOON) == []
    assert [event.event_id for event in known_events(copies[:1] + copies[2:], NOON)] == ["E"]
