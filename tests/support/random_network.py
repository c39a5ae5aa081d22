"""Small random networks: every code, few ids and two days, so that copies, corrections, runs and promises meet."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from memory import ZONE
from worked_cases import HUBS

from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS, FRIEND_CODES, RANK

REASONS = (
    "reason,group,label_ko,label_en,customer\n"
    "고객부재,customer,고객부재,Customer absent,true\n"
    "시간초과,capacity,시간초과,Out of time,false\n"
)
MASTER = {"hubs.csv": HUBS, "reasons.csv": REASONS}
START = tm.parse_instant("2026-11-19T18:00:00+09:00")
MINUTES = 54 * 60
DATES = ("2026-11-20", "2026-11-21")
_MORE = {
    "DELIVERY": ["REGISTERED"] * 4 + ["DELIVERED"] * 3 + ["ATTEMPT_FAILED", "DEPARTED", "ASSIGNED"],
    "RETURN": ["REQUESTED"] * 4 + ["PICKED_UP", "ATTEMPT_FAILED"],
}
_OFTEN = ["SHIFT_PLANNED", "ROUTE_STARTED", "ROUTE_ENDED", "BREAK_STARTED", "BREAK_ENDED"]

Received = tuple[bytes, int]


def instant(random: Random) -> int:
    """A time (ms) in the two days, seldom at a whole minute's edge."""
    return START + random.randrange(MINUTES) * tm.MINUTE + random.choice([0, 0, 1, 999, 30_000])


def invoice_record(random: Random, number: int) -> Received:
    """One record of invoice-events with its received time."""
    direction = random.choice(DIRECTIONS)
    code = random.choice([code for code in RANK[direction] if code != "SUPERSEDED"] + _MORE[direction])
    time = instant(random)
    sent: dict[str, Any] = {
        "v": 1,
        "invoice_no": str(random.randrange(4)),
        "direction": direction,
        "code": code,
        "event_time": tm.iso_local(time, ZONE),
        "source": random.choice(["own", "CJ"]),
    }
    if random.random() < 0.05:
        sent["event_time"] = sent["event_time"][:10]
    own = sent["source"] == "own"
    some: dict[str, tuple[float, list[str]]] = {
        "event_id": (0.6, [f"e{each}" for each in range(12)]),
        "camp_id": (1.0 if own else 0.6, ["C1", "C2", "C9"]),
        "friend_id": (1.0 if own else 0.6, ["F1", "F2"]),
        "address_key": (0.5, ["x", "y", "z"]),
        "service_date": (0.3, list(DATES)),
    }
    sent |= {name: random.choice(values) for name, (share, values) in some.items() if random.random() < share}
    if code in {"REGISTERED", "REQUESTED", "RESCHEDULED"}:
        promise = tm.iso_local(instant(random), ZONE) if random.random() < 0.8 else "2026-11-20T23:59:59+09:00"
        sent |= {"service_date": random.choice(DATES), "wave": random.choice(["DAY", "DAWN"]), "promised_at": promise}
        sent["by"] = random.choice(["CUSTOMER", "CARRIER"])
        if random.random() < 0.4:
            sent["promised_from"] = tm.iso_local(instant(random), ZONE)
        if code == "REGISTERED" and random.random() < 0.1:
            sent["replaces"] = str(random.randrange(4))
    if code == "ATTEMPT_FAILED" and random.random() < 0.8:
        sent["reason"] = random.choice(["고객부재", "시간초과", "else"])
    if code == "CORRECTED":
        sent = {"event_id": f"c{number}", **sent, "corrects": f"e{random.randrange(12)}"}
    return _received(sent, time + random.choice([0, 0, 1, 60, -10, 360]) * tm.MINUTE)


def friend_record(random: Random, number: int) -> Received:
    """One record of friend-events with its received time."""
    code = random.choice([*FRIEND_CODES, *_OFTEN])
    time = instant(random)
    sent: dict[str, Any] = {
        "v": 1,
        "friend_id": random.choice(["F1", "F2"]),
        "code": code,
        "event_time": tm.iso_local(time, ZONE),
    }
    if random.random() < 0.6:
        sent["event_id"] = f"f{random.randrange(12)}"
    if random.random() < 0.6:
        sent["camp_id"] = random.choice(["C1", "C2"])
    if random.random() < 0.2:
        sent["until"] = tm.iso_local(instant(random), ZONE)
    if code in {"SHIFT_PLANNED", "BREAK_PLANNED"}:
        begin = instant(random)
        end = begin + random.randrange(600) * tm.MINUTE
        sent |= {"planned_from": tm.iso_local(begin, ZONE), "planned_to": tm.iso_local(end, ZONE)}
        sent |= {"service_date": random.choice(DATES), "wave": random.choice(["DAY", "DAWN"])}
    if code == "CORRECTED":
        sent = {"event_id": f"c{number}", **sent, "corrects": f"f{random.randrange(12)}"}
    return _received(sent, time + random.choice([0, 0, 1, 60]) * tm.MINUTE)


def _received(sent: dict[str, Any], received: int) -> Received:
    return json.dumps(sent | {"received_at": tm.iso_local(received, ZONE)}).encode(), received
