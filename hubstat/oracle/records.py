"""Decoding of the raw records of both topics, by the event contract alone: an event, or why it is a dead letter."""

from __future__ import annotations

import hashlib
import re
from sys import intern
from typing import Any, NamedTuple

import orjson

from hubstat.oracle.clock import Zone, day_number, is_date, parse_timestamp

DELIVERY_CODES = (
    "REGISTERED", "ASSIGNED", "ARRIVED_CAMP", "LOADED", "DEPARTED", "ATTEMPT_FAILED", "RETURNED_CAMP", "RESCHEDULED",
    "DELIVERED", "CANCELLED", "CLOSED_ADMIN", "SUPERSEDED", "CORRECTED",
)  # fmt: skip
RETURN_CODES = (
    "REQUESTED", "ASSIGNED", "DEPARTED", "ATTEMPT_FAILED", "RESCHEDULED", "PICKED_UP", "ARRIVED_CAMP",
    "RECEIVED_WAREHOUSE", "INSPECTED", "EXCHANGED", "REFUNDED", "COMPLETED", "WITHDRAWN", "CLOSED_ADMIN", "CORRECTED",
)  # fmt: skip
FRIEND_CODES = (
    "SHIFT_PLANNED", "ROUTE_PLANNED", "BREAK_PLANNED", "ROUTE_STARTED", "ROUTE_ENDED", "BREAK_STARTED", "BREAK_ENDED",
    "APP_LOCKED", "APP_UNLOCKED", "LOAD_WAIT_STARTED", "LOAD_WAIT_ENDED", "INCIDENT_STARTED", "INCIDENT_ENDED",
    "OFFLINE_STARTED", "OFFLINE_ENDED", "ABSENT", "CORRECTED",
)  # fmt: skip
RANKS = {
    "DELIVERY": {code: rank for rank, code in enumerate(DELIVERY_CODES)},
    "RETURN": {code: rank for rank, code in enumerate(RETURN_CODES)},
}
FRIEND_RANKS = {code: rank for rank, code in enumerate(FRIEND_CODES)}

PROMISING = {"REGISTERED", "REQUESTED", "RESCHEDULED"}
NEEDS_CAMP = {
    "ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED", "DELIVERED", "PICKED_UP", "ARRIVED_CAMP", "RETURNED_CAMP",
}  # fmt: skip
NEEDS_FRIEND = {"ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED"}
PLANS = {"SHIFT_PLANNED", "BREAK_PLANNED"}

INVOICE_TEXTS = (
    "event_id", "source", "service_date", "wave", "promised_at", "promised_from", "camp_id", "friend_id", "route_id",
    "carrier", "reason", "by", "address_key", "order_no", "seller_id", "manufacturer", "postal_code", "replaces",
    "corrects", "superseded_by",
)  # fmt: skip
INVOICE_FIELDS = frozenset(
    ["v", "invoice_no", "direction", "code", "event_time", "amount_krw", "prerefund", *INVOICE_TEXTS]
)
FRIEND_TEXTS = (
    "event_id", "camp_id", "service_date", "wave", "route_id", "planned_from", "planned_to", "until", "corrects",
)  # fmt: skip
FRIEND_FIELDS = frozenset(["v", "friend_id", "code", "event_time", *FRIEND_TEXTS])

OLDEST_DAYS = 400
LONGEST_TEXT = 512
LARGEST_RECORD = 65_536
NEWEST_DAYS = 60
_INVOICE_NO = re.compile(r"[0-9A-Za-z-]{1,40}", re.ASCII)
_LAST_SECOND = (23 * 3600 + 59 * 60 + 59) * 1000


class Reject(NamedTuple):
    """A dead letter: why the record cannot be an event."""

    reason: str


class InvoiceEvent(NamedTuple):
    """One copy of an invoice event; times are epoch ms, ``time`` after the clock guard, absent = None."""

    raw: bytes
    direction: str
    invoice_no: str
    code: str
    event_id: str
    time: int
    received: int
    time_known: bool
    service_date: str | None
    wave: str | None
    promise: int | None
    promised_from: int | None
    camp: str | None
    friend: str | None
    reason: str | None
    by: str | None
    address_key: str | None
    replaces: str | None
    corrects: str | None
    prerefund: bool

    @property
    def order(self) -> tuple[int, int, str]:
        """The one order of an invoice's events: time, rank of the code, event_id."""
        return (self.time, RANKS[self.direction][self.code], self.event_id)

    def canonical(self) -> bytes:
        """Canonical JSON of the known fields as sent; tells two copies of one event_id apart."""
        return _canonical(self.raw, INVOICE_FIELDS)


class FriendEvent(NamedTuple):
    """One copy of a Friend event; times are epoch ms, ``time`` after the clock guard, absent = None."""

    raw: bytes
    friend: str
    code: str
    event_id: str
    time: int
    received: int
    camp: str | None
    service_date: str | None
    wave: str | None
    route_id: str | None
    planned_from: int | None
    planned_to: int | None
    until: int | None
    corrects: str | None

    @property
    def order(self) -> tuple[int, int, str]:
        """The one order of a Friend's events: time, rank of the code, event_id."""
        return (self.time, FRIEND_RANKS[self.code], self.event_id)

    def canonical(self) -> bytes:
        """Canonical JSON of the known fields as sent; tells two copies of one event_id apart."""
        return _canonical(self.raw, FRIEND_FIELDS)


def decode_invoice_record(raw: bytes, received_ms: int, zone: Zone) -> InvoiceEvent | Reject:
    """The event of one ``invoice-events`` record value received at ``received_ms``, or why it is a dead letter."""
    try:
        return _invoice_event(raw, received_ms, zone)
    except _WrongError as wrong:
        return Reject(str(wrong))


def decode_friend_record(raw: bytes, received_ms: int, zone: Zone) -> FriendEvent | Reject:
    """The event of one ``friend-events`` record value received at ``received_ms``, or why it is a dead letter."""
    try:
        return _friend_event(raw, received_ms, zone)
    except _WrongError as wrong:
        return Reject(str(wrong))


class _WrongError(Exception):
    pass


def _invoice_event(raw: bytes, received: int, zone: Zone) -> InvoiceEvent:
    fields = _object(raw)
    direction = _text(fields, "direction")
    if direction not in RANKS:
        raise _WrongError("direction: neither DELIVERY nor RETURN")
    code = _text(fields, "code")
    if code not in RANKS[direction]:
        raise _WrongError(f"code: unknown for {direction}")
    number = _text(fields, "invoice_no")
    if number is None or not _INVOICE_NO.fullmatch(number):
        raise _WrongError("invoice_no: not 1 to 40 of [0-9A-Za-z-]")
    text = {name: _text(fields, name) for name in INVOICE_TEXTS}
    _check_other_types(fields)
    _check_required(code, text)
    if code == "SUPERSEDED" and text["source"] != "hubstat":
        raise _WrongError("code: SUPERSEDED is derived from replaces")
    if text["replaces"] is not None and not _INVOICE_NO.fullmatch(text["replaces"]):
        raise _WrongError("replaces: not 1 to 40 of [0-9A-Za-z-]")
    if text["by"] not in (None, "CUSTOMER", "CARRIER", "SELLER", "POLICY"):
        raise _WrongError("by: none of CUSTOMER, CARRIER, SELLER, POLICY")
    _check_service_date(text["service_date"], received, zone)
    raw_time = _text(fields, "event_time")
    time, time_known = _event_time(raw_time, received, zone)
    _check_age("event_time", time, received, zone)
    actor = text["friend_id"] or text["camp_id"] or text["source"] or ""
    return InvoiceEvent(
        raw=raw,
        direction=intern(direction),
        invoice_no=number,
        code=intern(code),
        event_id=text["event_id"] or _hash(number, direction, code, raw_time or "", actor),
        time=time,
        received=received,
        time_known=time_known,
        service_date=_interned(text["service_date"]),
        wave=_interned(text["wave"]),
        promise=_promise(text["promised_at"], zone),
        promised_from=_optional_time("promised_from", text["promised_from"]),
        camp=_interned(text["camp_id"]),
        friend=_interned(text["friend_id"]),
        reason=_interned(text["reason"]),
        by=_interned(text["by"]),
        address_key=text["address_key"],
        replaces=text["replaces"],
        corrects=text["corrects"],
        prerefund=fields.get("prerefund") is True,
    )


def _friend_event(raw: bytes, received: int, zone: Zone) -> FriendEvent:
    fields = _object(raw)
    friend = _text(fields, "friend_id")
    if friend is None:
        raise _WrongError("friend_id: missing")
    code = _text(fields, "code")
    if code not in FRIEND_RANKS:
        raise _WrongError("code: unknown")
    text = {name: _text(fields, name) for name in FRIEND_TEXTS}
    if code == "CORRECTED":
        _require(text, "event_id", "corrects")
    if code in PLANS:
        _require(text, "planned_from", "planned_to")
    if code == "SHIFT_PLANNED":
        _require(text, "service_date", "wave")
    _check_service_date(text["service_date"], received, zone)
    raw_time = _text(fields, "event_time")
    time, time_known = _event_time(raw_time, received, zone)
    if not time_known:
        raise _WrongError("event_time: a date alone says nothing about a Friend's day")
    _check_age("event_time", time, received, zone)
    planned_from = _optional_time("planned_from", text["planned_from"])
    planned_to = _optional_time("planned_to", text["planned_to"])
    if planned_from is not None and abs(zone.day(planned_from) - zone.day(received)) > OLDEST_DAYS:
        raise _WrongError("planned_from: too far from the received time")
    if code in PLANS and planned_from is not None and planned_to is not None and planned_to < planned_from:
        raise _WrongError("planned_to: before planned_from")
    return FriendEvent(
        raw=raw,
        friend=intern(friend),
        code=intern(code),
        event_id=text["event_id"] or _hash(friend, code, raw_time or "", text["route_id"] or ""),
        time=time,
        received=received,
        camp=_interned(text["camp_id"]),
        service_date=_interned(text["service_date"]),
        wave=_interned(text["wave"]),
        route_id=text["route_id"],
        planned_from=planned_from,
        planned_to=planned_to,
        until=_optional_time("until", text["until"]),
        corrects=text["corrects"],
    )


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > LARGEST_RECORD:
        raise _WrongError(f"over {LARGEST_RECORD} bytes")
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError as wrong:
        raise _WrongError("not JSON in UTF-8") from wrong
    if not isinstance(fields, dict):
        raise _WrongError("not a JSON object")
    if type(fields.get("v")) is not int or fields["v"] != 1:
        raise _WrongError("v: not 1")
    return fields


def _text(fields: dict[str, Any], name: str) -> str | None:
    """The text of a field; an empty text or null is an absent field."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _WrongError(f"{name}: not a text")
    if len(value) > LONGEST_TEXT:
        raise _WrongError(f"{name}: over {LONGEST_TEXT} characters")
    return value


def _check_other_types(fields: dict[str, Any]) -> None:
    amount = fields.get("amount_krw")
    if amount not in (None, "") and (isinstance(amount, bool) or not isinstance(amount, int | float)):
        raise _WrongError("amount_krw: not a number")
    if not isinstance(fields.get("prerefund"), bool) and fields.get("prerefund") not in (None, ""):
        raise _WrongError("prerefund: neither true nor false")


def _check_required(code: str, text: dict[str, str | None]) -> None:
    if code in PROMISING:
        _require(text, "service_date", "wave", "promised_at")
    if code == "CORRECTED":
        _require(text, "event_id", "corrects")
    if (text["source"] or "own") == "own":
        if code in NEEDS_CAMP:
            _require(text, "camp_id")
        if code in NEEDS_FRIEND:
            _require(text, "friend_id")


def _require(text: dict[str, str | None], *names: str) -> None:
    for name in names:
        if text[name] is None:
            raise _WrongError(f"{name}: missing")


def _check_service_date(text: str | None, received: int, zone: Zone) -> None:
    if text is None:
        return
    try:
        ahead = day_number(text) - zone.day(received)
    except ValueError as wrong:
        raise _WrongError("service_date: no date") from wrong
    if ahead > NEWEST_DAYS or -ahead > OLDEST_DAYS:
        raise _WrongError("service_date: too far from the received time")


def _check_age(name: str, time: int, received: int, zone: Zone) -> None:
    if zone.day(received) - zone.day(time) > OLDEST_DAYS:
        raise _WrongError(f"{name}: over {OLDEST_DAYS} days before the received time")


def _event_time(text: str | None, received: int, zone: Zone) -> tuple[int, bool]:
    """(epoch ms after the clock guard, whether the time of day is known)."""
    if text is None:
        raise _WrongError("event_time: missing")
    try:
        if is_date(text):
            parse_timestamp(f"{text}T00:00:00Z")  # of the same years
            return min(zone.end_of_day(day_number(text)), received), False
        return min(parse_timestamp(text), received), True
    except ValueError as wrong:
        raise _WrongError(f"event_time: {wrong}") from wrong


def _optional_time(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_timestamp(text)
    except ValueError as wrong:
        raise _WrongError(f"{name}: {wrong}") from wrong


def _promise(text: str | None, zone: Zone) -> int | None:
    """The promise; a local 23:59:59 written without a fraction means the end of that second."""
    promise = _optional_time("promised_at", text)
    if promise is not None and text is not None and "." not in text and zone.time_of_day(promise) == _LAST_SECOND:
        return promise + 999
    return promise


def _interned(text: str | None) -> str | None:
    return None if text is None else intern(text)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _canonical(raw: bytes, known: frozenset[str]) -> bytes:
    fields = orjson.loads(raw)
    return orjson.dumps({name: fields[name] for name in fields if name in known}, option=orjson.OPT_SORT_KEYS)
