"""Short records for tests of the oracle: one service date, one Friend, one camp, unless told otherwise."""

from __future__ import annotations

from typing import Any

import orjson

from hubstat.oracle import Network, Records
from hubstat.oracle.clock import parse_timestamp

DAY = "2026-11-20"
MASTER = {
    "hubs.csv": "camp_id,area_id,region_id,country,valid_from,valid_to\n"
    "C1,A1,R1,KR,2026-01-01,\nC2,A1,R1,KR,2026-01-01,\nC3,A2,R1,KR,2026-01-01,\n"
}

Record = tuple[bytes, int]


def stamp(time: str) -> str:
    """``[[MM-]DD ]HH:MM[:SS[.fff]]`` of 2026 in Korea, by default on November 20."""
    day, _, clock = time.rpartition(" ")
    day = day or "20"
    month_day = day if "-" in day else f"11-{day}"
    return f"2026-{month_day}T{clock if clock.count(':') == 2 else clock + ':00'}+09:00"


def at(time: str) -> int:
    """Epoch ms of ``stamp``."""
    return parse_timestamp(stamp(time))


def scan(code: str, time: str, number: str = "1", **fields: Any) -> Record:
    """An event of an invoice, received when it happened; a field of None is left out."""
    value = {"v": 1, "invoice_no": number, "direction": "DELIVERY", "camp_id": "C1", "friend_id": "F1"}
    value |= {"code": code, "event_time": stamp(time), "address_key": f"K{number}"} | fields
    return orjson.dumps({name: field for name, field in value.items() if field is not None}), at(time)


def registered(number: str = "1", promised_at: str = "20:00", made: str = "19 09:00", **fields: Any) -> Record:
    """A registration due on the date."""
    promise = {"code": "REGISTERED", "service_date": DAY, "wave": "DAY", "promised_at": stamp(promised_at)}
    return scan(time=made, number=number, **(promise | {"friend_id": None} | fields))


def requested(number: str = "1", promised_at: str = "20:00", made: str = "19 09:00", **fields: Any) -> Record:
    """A return's request due on the date."""
    return registered(number, promised_at, made, **({"code": "REQUESTED", "direction": "RETURN"} | fields))


def friend_event(code: str, time: str, **fields: Any) -> Record:
    """An event of a Friend, received when it happened."""
    value = {"v": 1, "friend_id": "F1", "camp_id": "C1", "code": code, "event_time": stamp(time)} | fields
    return orjson.dumps({name: field for name, field in value.items() if field is not None}), at(time)


def planned(code: str, start: str, end: str, made: str = "18 12:00", **fields: Any) -> Record:
    """A plan; a shift is of the date and wave DAY."""
    more = {"service_date": DAY, "wave": "DAY"} if code == "SHIFT_PLANNED" else {}
    more["event_id"] = f"{code} {start} {end} {made}"  # else two plans made at one time are one event
    return friend_event(code, made, **({"planned_from": stamp(start), "planned_to": stamp(end)} | more | fields))


def table(
    scans: list[Record],
    events: list[Record] | None = None,
    *,
    as_of: str,
    direction: str = "DELIVERY",
    wave: str = "all",
    master: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The figures of every node as known at T."""
    records = Records("KR")
    records.read_invoices(scans)
    records.read_friends(events or [])
    assert records.dead_letters.total() == 0
    network = Network(MASTER | (master or {}), "KR")
    return records.figures(network, DAY, at(as_of), at(as_of))[direction][wave]
