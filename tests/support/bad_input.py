"""Twenty kinds and more of bad records of invoice-events, each with the reason of its dead letter."""

from __future__ import annotations

import json
from typing import Any

GOOD: dict[str, Any] = {
    "v": 1,
    "invoice_no": "BAD1",
    "direction": "DELIVERY",
    "code": "DELIVERED",
    "event_time": "2026-11-20T10:00:00+09:00",
    "camp_id": "C1",
    "friend_id": "F1",
}
REGISTERED: dict[str, Any] = {
    **GOOD,
    "code": "REGISTERED",
    "service_date": "2026-11-20",
    "wave": "DAY",
    "promised_at": "2026-11-20T20:00:00+09:00",
}


def _json(base: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**base, **changes}, ensure_ascii=False).encode()


def _without(base: dict[str, Any], *fields: str) -> bytes:
    return json.dumps({name: value for name, value in base.items() if name not in fields}).encode()


BAD: dict[str, tuple[bytes | None, str]] = {
    "no value": (None, "empty"),
    "nothing in it": (b"", "empty"),
    "not JSON": (b"{not json", "not_json"),
    "cut in the middle": (_json(GOOD)[:40], "not_json"),
    "not UTF-8": (b'{"v":1,"invoice_no":"\xff"}', "not_json"),
    "half a surrogate": (b'{"v":1,"invoice_no":"\\ud800"}', "not_json"),
    "an array": (b"[1,2]", "not_an_object"),
    "a number": (b"7", "not_an_object"),
    "too large": (_json(GOOD, reason="x" * 70_000), "too_large"),
    "an overlong text": (_json(GOOD, route_id="x" * 600), "too_long"),
    "no version": (_without(GOOD, "v"), "missing_field"),
    "another version": (_json(GOOD, v=2), "unknown_version"),
    "a version that is true": (_json(GOOD, v=True), "unknown_version"),
    "no invoice number": (_without(GOOD, "invoice_no"), "missing_field"),
    "an invoice number of other letters": (_json(GOOD, invoice_no="송장 1"), "bad_invoice_no"),
    "a number as invoice number": (_json(GOOD, invoice_no=12345), "wrong_type"),
    "an unknown direction": (_json(GOOD, direction="SIDEWAYS"), "unknown_value"),
    "an unknown code": (_json(GOOD, code="TELEPORTED"), "unknown_code"),
    "a code of the other direction": (_json(GOOD, code="PICKED_UP"), "unknown_code"),
    "a time without offset": (_json(GOOD, event_time="2026-11-20T10:00:00"), "bad_time"),
    "a day that is none": (_json(GOOD, event_time="2026-02-30"), "bad_time"),
    "the last day of the calendar": (_json(GOOD, event_time="9999-12-31"), "bad_time"),
    "before the first day of the calendar": (_json(GOOD, event_time="0001-01-01T00:00:00+14:00"), "bad_time"),
    "a promise beyond the calendar": (_json(REGISTERED, promised_at="9999-12-31T23:59:59-12:00"), "bad_time"),
    "a time long ago": (_json(GOOD, event_time="2020-01-01T00:00:00+09:00"), "absurd_date"),
    "a service date long ago": (_json(REGISTERED, service_date="2020-01-01"), "absurd_date"),
    "a service date far ahead": (_json(REGISTERED, service_date="2099-01-01"), "absurd_date"),
    "a service date that is none": (_json(REGISTERED, service_date="tomorrow"), "bad_date"),
    "a registration without promise": (_without(REGISTERED, "promised_at"), "missing_field"),
    "a delivery without camp": (_without(GOOD, "camp_id"), "missing_field"),
    "an assignment without Friend": (_json({**GOOD, "friend_id": ""}, code="ASSIGNED"), "missing_field"),
    "a correction without id": (_json(GOOD, code="CORRECTED", corrects="x"), "missing_field"),
    "an unknown initiator": (_json(REGISTERED, code="RESCHEDULED", by="NOBODY"), "unknown_value"),
    "an amount that is a text": (_json(GOOD, amount_krw="1000"), "wrong_type"),
    "a flag that is a number": (_json(GOOD, prerefund=1), "wrong_type"),
    "a supersession of its own": (_json(GOOD, code="SUPERSEDED"), "reserved_code"),
    "hubstat's own source": (_json(GOOD, source="hubstat"), "reserved_source"),
}
