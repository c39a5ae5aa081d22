"""The example day as master data texts and contract records, as ``hubstat replay`` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from hubstat.examples.parts import Parcel, Shift, local
from hubstat.examples.story import PARCELS, SHIFTS

_HUBS: Final = "\n".join(
    (
        "camp_id,camp_name_ko,camp_name_en,area_id,area_name_ko,area_name_en,"
        "region_id,region_name_ko,region_name_en,country,valid_from,valid_to",
        "C1,송파 1캠프,Songpa 1,A1,송파,Songpa,R1,서울,Seoul,KR,2026-01-01,",
        "C2,송파 2캠프,Songpa 2,A1,송파,Songpa,R1,서울,Seoul,KR,2026-01-01,",
        "C3,마포 캠프,Mapo,A2,마포,Mapo,R1,서울,Seoul,KR,2026-01-01,",
        "C4,해운대 캠프,Haeundae,A3,해운대,Haeundae,R2,부산,Busan,KR,2026-01-01,",
        "",
    )
)
_HOMES: Final = {"F1": "C1", "F2": "C1", "F3": "C1", "F4": "C1", "F5": "C1", "F6": "C2", "F7": "C3", "F8": "C4"}
_FRIENDS: Final = "\n".join(
    (
        "friend_id,name,home_camp_id,carrier,valid_from,valid_to",
        *(f"{friend},Friend {friend[1:]},{camp},,2026-01-01," for friend, camp in _HOMES.items()),
        "",
    )
)
# Texts by file name; reasons and waves are those that hubstat ships with.
MASTER: Final = {"hubs.csv": _HUBS, "friends.csv": _FRIENDS}
_TIMES: Final = frozenset({"promised_at", "promised_from", "planned_from", "planned_to", "received_at"})
_AT_A_CAMP: Final = frozenset(
    {"ASSIGNED", "ARRIVED_CAMP", "LOADED", "DEPARTED", "ATTEMPT_FAILED", "RETURNED_CAMP", "DELIVERED", "PICKED_UP"}
)

Record = dict[str, Any]


def event_records() -> list[Record]:
    """All records, in the order of their received times; those of Friends have no ``invoice_no``."""
    found = [*invoice_records(), *friend_records()]
    return sorted(found, key=lambda record: str(record["received_at"]))


def invoice_records() -> list[Record]:
    """Records of invoice-events."""
    return [record for parcel in PARCELS for record in _of_parcel(parcel)]


def friend_records() -> list[Record]:
    """Records of friend-events."""
    return [record for shift in SHIFTS for record in _of_shift(shift)]


def files() -> dict[str, str]:
    """The example as files by name: what ``hubstat replay`` takes, and the master data under ``hubs/``."""
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in event_records())
    return {"events.ndjson": "".join(f"{line}\n" for line in lines), **{f"hubs/{n}": t for n, t in MASTER.items()}}


def _of_parcel(parcel: Parcel) -> Iterator[Record]:
    own: Record = {"v": 1, "invoice_no": parcel.invoice_no, "direction": parcel.direction}
    asked = local(parcel.asked)
    more = {name: local(value) if name in _TIMES else value for name, value in parcel.more.items()}
    yield {
        **own,
        "code": "REGISTERED" if parcel.direction == "DELIVERY" else "REQUESTED",
        "event_time": asked,
        "received_at": asked,
        "service_date": parcel.date,
        "wave": parcel.wave,
        "promised_at": local(parcel.promise),
        "camp_id": parcel.camp,
        "address_key": parcel.door or parcel.invoice_no.lower(),
        **more,
    }
    for scan in parcel.scans:
        record = _of_line(scan)
        place = {"camp_id": parcel.camp} if record["code"] in _AT_A_CAMP else {}
        yield {**own, **place, **record}


def _of_shift(shift: Shift) -> Iterator[Record]:
    own: Record = {"v": 1, "friend_id": shift.friend_id, "camp_id": shift.camp, "service_date": shift.date}
    start, end = shift.span
    plan = f"SHIFT_PLANNED {shift.made} wave={shift.wave} planned_from={start} planned_to={end}"
    for line in (plan, *shift.events):
        yield {**own, **_of_line(line)}


def _of_line(line: str) -> Record:
    """``CODE TIME [FRIEND] [FIELD=VALUE …]``; received when it happened unless ``received_at`` says otherwise."""
    code, time, *rest = line.split()
    record: Record = {"code": code, "event_time": local(time), "received_at": local(time)}
    for word in rest:
        name, stated, value = word.partition("=")
        if not stated:
            record["friend_id"] = name
        else:
            record[name] = local(value) if name in _TIMES else value
    return record
