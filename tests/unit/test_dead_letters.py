"""Dead letters chosen, and mended into records that ingest takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from hubstat.domain import time as tm
from hubstat.elastic.dead_letters import DeadLetter, Filter
from hubstat.errors import HubstatError
from hubstat.settings import Settings
from ingest.resend import mended, unchanged, with_fields

RECEIVED = tm.parse_instant("2026-11-20T09:00:00+09:00")
SENT: dict[str, Any] = {
    "v": 1,
    "invoice_no": "KR 1",
    "direction": "DELIVERY",
    "code": "ARRIVED_CAMP",
    "event_time": "2026-11-20T08:59:00+09:00",
    "camp_id": "C1",
}
LETTER = DeadLetter(
    "bad_invoice_no",
    "invoice_no",
    "must be",
    "hubstat-invoice-events",
    3,
    42,
    RECEIVED,
    b"KR 1",
    orjson.dumps(SENT),
    (("trace", b"x"),),
)
SETTINGS = Settings()


def header(record: Any, name: str) -> bytes | None:
    return dict(record.headers).get(name)


@pytest.mark.parametrize(
    ("text", "holds"),
    [(None, True), ("kr 1", True), ("MUST BE", True), ("invoice_no", True), ("trace: X", True), ("other", False)],
)
def test_a_text_is_looked_for_in_all_that_is_shown(text: str | None, holds: bool) -> None:
    assert Filter(text=text).holds(LETTER) is holds


def test_bytes_that_are_no_text_are_looked_through_too() -> None:
    assert Filter(text="tail").holds(replace(LETTER, raw=b"\xff\xfetail", key=None))
    assert not Filter(text="tail").holds(replace(LETTER, raw=None, key=None))


def test_open_letters_are_those_never_sent_again() -> None:
    sent = {"exists": {"field": "resent_at"}}
    assert Filter().query() == {"bool": {"filter": [], "must_not": [sent]}}
    assert Filter(state="resent").query() == {"bool": {"filter": [sent], "must_not": []}}
    assert Filter("late", "t", 5, None, state="all").query() == {
        "bool": {
            "filter": [{"term": {"reason": "late"}}, {"term": {"topic": "t"}}, {"range": {"received": {"gte": 5}}}],
            "must_not": [],
        }
    }


def test_a_mended_record_has_the_key_of_its_value_and_the_time_it_was_first_received() -> None:
    value = with_fields(LETTER, {"invoice_no": "KR-1", "carrier": "X"}, ["nothing"])
    record = mended(SETTINGS, LETTER, value, {}, trusted=True)
    assert orjson.loads(record.value or b"") == SENT | {"invoice_no": "KR-1", "carrier": "X"}
    assert (record.key, record.topic, record.mended) == (b"KR-1", LETTER.topic, True)
    assert header(record, "received-at") == str(RECEIVED).encode()
    assert header(record, "trace") == b"x"


def test_where_headers_are_not_trusted_none_is_made_up() -> None:
    recent = with_fields(LETTER, {"invoice_no": "KR-1", "event_time": "2026-11-20T08:59:00+09:00"}, [])
    assert header(mended(SETTINGS, LETTER, recent, {}, trusted=False), "received-at") is None
    assert unchanged(LETTER, trusted=False).headers == LETTER.headers
    assert header(unchanged(LETTER, trusted=True), "received-at") == str(RECEIVED).encode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "bad_invoice_no"),
        ({"invoice_no": "KR-1", "code": "SUPERSEDED"}, "reserved_code"),
        ({"invoice_no": "KR-1", "source": "hubstat"}, "reserved_source"),
    ],
)
def test_what_would_be_refused_again_is_not_sent(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(HubstatError, match=f"it would be refused again: {reason}"):
        mended(SETTINGS, LETTER, with_fields(LETTER, fields, []), {}, trusted=True)


def test_a_wrong_header_is_mended_and_not_stated_again() -> None:
    good = orjson.dumps(SENT | {"invoice_no": "KR-1"})
    letter = replace(LETTER, reason="bad_header", raw=good, headers=(("received-at", b"yesterday"),))
    with pytest.raises(HubstatError, match="bad_header"):
        mended(SETTINGS, letter, good, {}, trusted=True)
    assert mended(SETTINGS, letter, good, {"received-at": b"1795000000000"}, trusted=True).headers == (
        ("received-at", b"1795000000000"),
    )
    assert header(mended(SETTINGS, letter, good, {"received-at": None}, trusted=True), "received-at") == (
        str(RECEIVED).encode()
    )
    assert unchanged(letter, trusted=True).headers == letter.headers


def test_friend_events_are_mended_and_derived_records_are_not() -> None:
    friend = replace(LETTER, topic="hubstat-friend-events", raw=b"{}")
    sent = {"v": 1, "friend_id": "F1", "code": "ROUTE_STARTED", "event_time": "2026-11-20T08:59:00+09:00"}
    with pytest.raises(HubstatError, match="refused again"):
        mended(SETTINGS, friend, b"{}", {}, trusted=True)
    assert mended(SETTINGS, friend, orjson.dumps(sent), {}, trusted=True).key == b"F1"
    with pytest.raises(HubstatError, match="holds what hubstat derives"):
        mended(SETTINGS, replace(LETTER, topic="hubstat-friend-activity"), b"{}", {}, trusted=True)


def test_fields_need_an_object() -> None:
    for raw in (None, b"", b"[1]", b"{"):
        with pytest.raises(HubstatError, match="give a whole one with --value"):
            with_fields(replace(LETTER, raw=raw), {"v": 1}, [])
