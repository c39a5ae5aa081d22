"""Decoding of the event contract: a record becomes an event, or a refusal that says what is wrong and in which field.

Pure: the received time is given by the caller. An event keeps the known fields as they were sent, because ties between
copies of one event are decided by them (C2); everything else is derived from them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain import time as tm
from hubstat.domain.codes import DERIVED_SOURCE, FRIEND_RANK, INITIATORS, RANK, REGISTRATIONS

MAX_RECORD_BYTES: Final = 65_536
OLDEST_DAYS: Final = 400
NEWEST_DAYS: Final = 60
_YEAR_2200: Final = 7_258_118_400_000
_UTC: Final = ZoneInfo("UTC")

Sent = dict[str, Any]

_INVOICE_NO = re.compile(r"[0-9A-Za-z-]{1,40}", re.ASCII)
_CAMP_AND_FRIEND = frozenset({"ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED"})
_CAMP = frozenset({"DELIVERED", "PICKED_UP", "ARRIVED_CAMP", "RETURNED_CAMP"})
_PROMISING = REGISTRATIONS | {"RESCHEDULED"}


class Refusal(ValueError):
    """A record that breaks the contract: what is wrong (``reason``), in which ``field``, and a sentence."""

    def __init__(self, reason: str, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.reason = reason
        self.field = field
        self.detail = detail


@dataclass(slots=True)
class Copy:
    """One received copy of an event.

    time: guarded event time (C4), ms; received: ms; sent: known fields as sent, without empty ones.
    """

    time: int
    received: int
    sent: Sent


@dataclass(slots=True)
class Event:
    """One decoded record: its identity and its copy. ``unknown`` names fields the contract does not know."""

    key: str
    event_id: str
    copy: Copy
    unknown: tuple[str, ...] = ()

    def own(self) -> Event:
        """The same event with a copy of its own: a log changes the copies that it holds."""
        copy = self.copy
        return Event(self.key, self.event_id, Copy(copy.time, copy.received, copy.sent), self.unknown)


def _text(value: Any, field: str) -> None:
    if not isinstance(value, str):
        raise Refusal("wrong_type", field, f"must be text, got {type(value).__name__}")
    if len(value) > 512:
        raise Refusal("too_long", field, f"must have at most 512 characters, has {len(value)}")


def _representable(instant: int) -> None:
    # Beyond these, local times and the ends of days leave the calendar.
    if not 0 <= instant < _YEAR_2200:
        raise ValueError("its year must be 1970 to 2199")


def _instant(value: Any, field: str) -> None:
    _text(value, field)
    try:
        _representable(tm.parse_instant(value))
    except (ValueError, OverflowError) as error:
        raise Refusal("bad_time", field, f"{value!r} is no valid time: {error}") from None


def _event_time(value: Any, field: str) -> None:
    _text(value, field)
    try:
        if tm.is_date(value):
            _representable(tm.day_start(tm.parse_date(value), _UTC))
        else:
            _representable(tm.parse_instant(value))
    except (ValueError, OverflowError) as error:
        raise Refusal("bad_time", field, f"{value!r} is no valid time: {error}") from None


def _date(value: Any, field: str) -> None:
    _text(value, field)
    try:
        tm.parse_date(value)
    except ValueError as error:
        raise Refusal("bad_date", field, f"{value!r} is no valid date: {error}") from None


def _initiator(value: Any, field: str) -> None:
    if not isinstance(value, str) or value not in INITIATORS:
        raise Refusal("unknown_value", field, f"must be one of {', '.join(sorted(INITIATORS))}, got {value!r}")


def _number(value: Any, field: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal("wrong_type", field, f"must be a number, got {type(value).__name__}")


def _flag(value: Any, field: str) -> None:
    if not isinstance(value, bool):
        raise Refusal("wrong_type", field, f"must be true or false, got {type(value).__name__}")


def _version(value: Any, field: str) -> None:
    if type(value) is not int or value != 1:
        raise Refusal("unknown_version", field, f"must be 1, got {value!r}")


def _invoice_no(value: Any, field: str) -> None:
    _text(value, field)
    if not _INVOICE_NO.fullmatch(value):
        raise Refusal("bad_invoice_no", field, f"must be 1 to 40 of 0-9 A-Z a-z -, got {value!r}")


def _origin(value: Any, field: str) -> None:
    if not isinstance(value, str):
        raise Refusal("wrong_type", field, f"must be text, got {type(value).__name__}")


_Check = Callable[[Any, str], None]
_INVOICE_FIELDS: Final[dict[str, _Check]] = {
    "v": _version,
    "invoice_no": _invoice_no,
    "direction": _text,
    "code": _text,
    "event_time": _event_time,
    "event_id": _text,
    "source": _text,
    "service_date": _date,
    "wave": _text,
    "promised_at": _instant,
    "promised_from": _instant,
    "camp_id": _text,
    "friend_id": _text,
    "route_id": _text,
    "carrier": _text,
    "reason": _text,
    "by": _initiator,
    "address_key": _text,
    "order_no": _text,
    "seller_id": _text,
    "manufacturer": _text,
    "postal_code": _text,
    "amount_krw": _number,
    "prerefund": _flag,
    "replaces": _invoice_no,
    "superseded_by": _invoice_no,
    "origin": _origin,
    "corrects": _text,
}
_FRIEND_FIELDS: Final[dict[str, _Check]] = {
    "v": _version,
    "friend_id": _text,
    "camp_id": _text,
    "service_date": _date,
    "wave": _text,
    "route_id": _text,
    "event_time": _event_time,
    "event_id": _text,
    "code": _text,
    "planned_from": _instant,
    "planned_to": _instant,
    "until": _instant,
    "corrects": _text,
}


def _object(raw: bytes | None) -> dict[str, Any]:
    if not raw:
        raise Refusal("empty", "", "the record has no value")
    if len(raw) > MAX_RECORD_BYTES:
        raise Refusal("too_large", "", f"a record has at most {MAX_RECORD_BYTES} bytes, this one has {len(raw)}")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal("not_json", "", f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refusal("not_an_object", "", f"must be a JSON object, got {type(value).__name__}")
    return value


def _checked(record: dict[str, Any], fields: dict[str, _Check]) -> tuple[Sent, tuple[str, ...]]:
    sent: Sent = {}
    unknown: list[str] = []
    for field, value in record.items():
        check = fields.get(field)
        if check is None:
            if field != "received_at":
                unknown.append(field)
        elif value is not None and value != "":
            check(value, field)
            sent[field] = value
    return sent, tuple(unknown)


def _require(sent: Sent, *fields: str) -> None:
    for field in fields:
        if field not in sent:
            raise Refusal(
                "missing_field", field, f"is required{' on ' + sent['code'] if 'code' in sent else ''} and missing"
            )


def guarded(event_time: str, received: int, zone: ZoneInfo) -> int:
    """Event time under the clock guard (C4), ms: never after the received time; a date alone is the end of that day."""
    instant = tm.day_end(tm.parse_date(event_time), zone) if len(event_time) == 10 else tm.parse_instant(event_time)
    return min(instant, received)


def _check_range(sent: Sent, time: int, received: int, zone: ZoneInfo) -> None:
    today = tm.local_date(received, zone)
    if "service_date" in sent:
        away = (tm.parse_date(sent["service_date"]) - today).days
        if away < -OLDEST_DAYS or away > NEWEST_DAYS:
            raise Refusal(
                "absurd_date",
                "service_date",
                f"{sent['service_date']} is {abs(away)} days {'after' if away > 0 else 'before'} the received time; "
                f"at most {OLDEST_DAYS} before and {NEWEST_DAYS} after are accepted",
            )
    if (today - tm.local_date(time, zone)).days > OLDEST_DAYS:
        raise Refusal(
            "absurd_date",
            "event_time",
            f"{sent['event_time']} is over {OLDEST_DAYS} days before the record was received",
        )


def _default_id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def decode_invoice_event(raw: bytes | None, received: int, zone: ZoneInfo) -> Event:
    """Decode one record of ``invoice-events``. ``received``: ms. Raises ``Refusal``."""
    sent, unknown = _checked(_object(raw), _INVOICE_FIELDS)
    _require(sent, "v", "invoice_no", "direction", "code", "event_time")
    direction, code = sent["direction"], sent["code"]
    if direction not in RANK:
        raise Refusal("unknown_value", "direction", f"must be DELIVERY or RETURN, got {direction!r}")
    if code not in RANK[direction]:
        raise Refusal("unknown_code", "code", f"{code!r} is no code of {direction}")
    if code == "SUPERSEDED" and not is_derived(sent):
        raise Refusal("reserved_code", "code", "SUPERSEDED is derived from `replaces` on REGISTERED; send that")
    own = sent.get("source", "own") == "own"
    if code in _PROMISING:
        _require(sent, "service_date", "wave", "promised_at")
    elif code == "CORRECTED":
        _require(sent, "event_id", "corrects")
    elif own and code in _CAMP_AND_FRIEND:
        _require(sent, "camp_id", "friend_id")
    elif own and code in _CAMP:
        _require(sent, "camp_id")
    time = guarded(sent["event_time"], received, zone)
    _check_range(sent, time, received, zone)
    event_id = sent.get("event_id") or _default_id(
        sent["invoice_no"],
        direction,
        code,
        sent["event_time"],
        sent.get("friend_id") or sent.get("camp_id") or sent.get("source") or "",
    )
    return Event(f"{direction}:{sent['invoice_no']}", event_id, Copy(time, received, sent), unknown)


def decode_friend_event(raw: bytes | None, received: int, zone: ZoneInfo) -> Event:
    """Decode one record of ``friend-events``; its ``key`` is the friend id. Raises ``Refusal``."""
    sent, unknown = _checked(_object(raw), _FRIEND_FIELDS)
    _require(sent, "v", "friend_id", "event_time", "code")
    code = sent["code"]
    if tm.is_date(sent["event_time"]):
        raise Refusal("bad_time", "event_time", "a date alone says nothing about a Friend's day: state the time of day")
    if code not in FRIEND_RANK:
        raise Refusal("unknown_code", "code", f"{code!r} is no code of friend-events")
    if code == "CORRECTED":
        _require(sent, "event_id", "corrects")
    elif code in {"SHIFT_PLANNED", "BREAK_PLANNED"}:
        _require(sent, "planned_from", "planned_to")
        if code == "SHIFT_PLANNED":
            _require(sent, "service_date", "wave")
        if tm.parse_instant(sent["planned_to"]) < tm.parse_instant(sent["planned_from"]):
            raise Refusal("bad_time", "planned_to", "is before planned_from")
    time = guarded(sent["event_time"], received, zone)
    _check_range(sent, time, received, zone)
    if (
        "planned_from" in sent
        and abs((tm.local_date(tm.parse_instant(sent["planned_from"]), zone) - tm.local_date(received, zone)).days)
        > OLDEST_DAYS
    ):
        raise Refusal(
            "absurd_date",
            "planned_from",
            f"{sent['planned_from']} is over {OLDEST_DAYS} days away from the received time",
        )
    event_id = sent.get("event_id") or _default_id(
        sent["friend_id"], code, sent["event_time"], sent.get("route_id") or ""
    )
    return Event(sent["friend_id"], event_id, Copy(time, received, sent), unknown)


def canonical(sent: Sent) -> bytes:
    """Canonical JSON of the known fields as sent: keys sorted, no spaces, UTF-8."""
    return orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)


def is_derived(sent: Sent) -> bool:
    """Whether hubstat made this record itself (a supersession, or its correction)."""
    return sent.get("source") == DERIVED_SOURCE
