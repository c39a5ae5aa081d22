"""Small random networks: every code, few ids and two days, so that copies, corrections, runs and promises meet.

Some of them have a past: records of the same kind on earlier dates, from which baselines come.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
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
WAVES = (
    "country,wave,deadline,next_day,shift_start,shift_end\n"
    "KR,DAWN,07:00,false,21:30,07:30\n"
    "KR,DAY,20:00,false,10:00,21:00\n"
)
MASTER = {"hubs.csv": HUBS, "reasons.csv": REASONS, "waves.csv": WAVES}
START = tm.parse_instant("2026-11-19T18:00:00+09:00")
MINUTES = 54 * 60
DATES = ("2026-11-20", "2026-11-21")
# Days before: dates that allowances and standards look at, and those (whole weeks) that the plan looks at too.
PAST = (2, 3, 7, 14, 21, 28, 29)
_MORE = {
    "DELIVERY": ["REGISTERED"] * 4
    + ["DELIVERED"] * 3
    + ["ATTEMPT_FAILED", "DEPARTED", "ASSIGNED", "ASSIGNED", "LOADED"],
    "RETURN": ["REQUESTED"] * 4 + ["PICKED_UP", "ATTEMPT_FAILED", "COMPLETED", "REFUNDED", "RECEIVED_WAREHOUSE"],
}
_OFTEN = ["SHIFT_PLANNED", "SHIFT_PLANNED", "ROUTE_PLANNED", "ROUTE_STARTED", "ROUTE_ENDED", "BREAK_STARTED"]
# A third wave has no row in the master data.
_WAVE_CHOICES = ("DAY", "DAY", "DAWN", "DAWN", "LATE")

Received = tuple[bytes, int]


@dataclass(slots=True)
class RandomNetwork:
    """Records of one network. ``prefix``: of its ids, its camps' too, so that several live in one index."""

    random: Random
    prefix: str = ""
    invoices: list[Received] = field(default_factory=list)
    friends: list[Received] = field(default_factory=list)

    @classmethod
    def of_seed(cls, seed: int, prefix: str = "") -> RandomNetwork:
        """A network with up to 30 invoice records and 14 friend records on its days, a third of them with a past."""
        random = Random(seed)
        network = cls(random, prefix)
        for number in range(random.randrange(1, 30)):
            network.invoice_record(number)
        for number in range(random.randrange(14)):
            network.friend_record(number)
        if random.random() < 0.35:
            for number in range(random.randrange(10, 40)):
                network.invoice_record(number, random.choice(PAST))
            for number in range(random.randrange(8)):
                network.friend_record(number, random.choice(PAST))
        return network

    def instant(self, days: int = 0) -> int:
        """A time (ms) in the two days, or so many days before, seldom at a whole minute's edge."""
        moment = START + self.random.randrange(MINUTES) * tm.MINUTE + self.random.choice([0, 0, 1, 999, 30_000])
        return moment - days * tm.DAY

    def moment(self) -> tuple[int, int]:
        """A (T, K) in ms, K often long after."""
        as_of = self.instant()
        known_at = max(as_of, self.instant()) if self.random.random() < 0.6 else START + 400 * tm.DAY
        return as_of, known_at

    def invoice_record(self, number: int, days: int = 0) -> None:
        """One record of invoice-events, so many days before."""
        random = self.random
        direction = random.choice(DIRECTIONS)
        code = random.choice([code for code in RANK[direction] if code != "SUPERSEDED"] + _MORE[direction])
        time = self.instant(days)
        sent: dict[str, Any] = {
            "v": 1,
            "invoice_no": f"{self.prefix}{f'p{days}-' if days else ''}{random.randrange(4)}",
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
            "camp_id": (1.0 if own else 0.6, [f"{self.prefix}{camp}" for camp in ("C1", "C2", "C9")]),
            "friend_id": (1.0 if own else 0.6, [f"{self.prefix}F1", f"{self.prefix}F2"]),
            "address_key": (0.5, ["x", "y", "z"]),
            "service_date": (0.3, [_earlier(date, days) for date in DATES]),
            "wave": (0.2, list(_WAVE_CHOICES)),
        }
        sent |= {name: random.choice(values) for name, (share, values) in some.items() if random.random() < share}
        if code in {"REGISTERED", "REQUESTED", "RESCHEDULED"}:
            sent |= self._promise(days)
            if code == "REGISTERED" and random.random() < 0.1:
                sent["replaces"] = f"{self.prefix}{random.randrange(4)}"
            if code == "REQUESTED" and random.random() < 0.5:
                sent["prerefund"] = True
        if code in {"CANCELLED", "WITHDRAWN"} and random.random() < 0.7:
            sent["by"] = random.choice(["CUSTOMER", "POLICY"])
        if code == "ATTEMPT_FAILED" and random.random() < 0.8:
            sent["reason"] = random.choice(["고객부재", "시간초과", "else"])
        if code == "CORRECTED":
            sent = {"event_id": f"c{number}", **sent, "corrects": f"e{random.randrange(12)}"}
        self.invoices.append(_received(sent, time + random.choice([0, 0, 1, 60, -10, 360]) * tm.MINUTE))

    def _promise(self, days: int) -> dict[str, Any]:
        random = self.random
        end = f"{_earlier(DATES[0], days)}T23:59:59+09:00"
        sent = {
            "service_date": _earlier(random.choice(DATES), days),
            "wave": random.choice(_WAVE_CHOICES),
            "promised_at": tm.iso_local(self.instant(days), ZONE) if random.random() < 0.8 else end,
            "by": random.choice(["CUSTOMER", "CARRIER"]),
        }
        if random.random() < 0.4:
            sent["promised_from"] = tm.iso_local(self.instant(days), ZONE)
        return sent

    def friend_record(self, number: int, days: int = 0) -> None:
        """One record of friend-events, so many days before."""
        random = self.random
        code = random.choice([*FRIEND_CODES, *_OFTEN])
        time = self.instant(days)
        sent: dict[str, Any] = {
            "v": 1,
            "friend_id": f"{self.prefix}{random.choice(['F1', 'F2'])}",
            "code": code,
            "event_time": tm.iso_local(time, ZONE),
        }
        some: dict[str, tuple[float, list[str]]] = {
            "event_id": (0.6, [f"f{days}-{each}" for each in range(12)]),
            "camp_id": (0.6, [f"{self.prefix}C1", f"{self.prefix}C2"]),
            "route_id": (0.6, ["r1", "r2"]),
        }
        sent |= {name: random.choice(values) for name, (share, values) in some.items() if random.random() < share}
        if random.random() < 0.2:
            sent["until"] = tm.iso_local(self.instant(days), ZONE)
        planned = code in {"SHIFT_PLANNED", "BREAK_PLANNED"}
        if planned or (code == "ROUTE_PLANNED" and random.random() < 0.8):
            begin = self.instant(days)
            end = begin + random.randrange(600) * tm.MINUTE
            sent |= {"planned_from": tm.iso_local(begin, ZONE), "planned_to": tm.iso_local(end, ZONE)}
        if planned or (code in {"ROUTE_PLANNED", "ABSENT"} and random.random() < 0.7):
            sent["service_date"] = _earlier(random.choice(DATES), days)
        if planned or (code == "ROUTE_PLANNED" and random.random() < 0.7):
            sent["wave"] = random.choice(_WAVE_CHOICES)
        if code == "CORRECTED":
            sent = {"event_id": f"c{number}", **sent, "corrects": f"f{days}-{random.randrange(12)}"}
        self.friends.append(_received(sent, time + random.choice([0, 0, 1, 60]) * tm.MINUTE))


def hubs_of(prefixes: Iterable[str]) -> str:
    """``hubs.csv`` for several networks: each has its own camps, areas and region."""
    head, *rows = HUBS.splitlines()
    found = [head]
    for prefix in prefixes:
        for row in rows:
            cells = row.split(",")
            for column in (0, 3, 6):
                cells[column] = prefix + cells[column]
            found.append(",".join(cells))
    return "\n".join(found) + "\n"


def _earlier(date: str, days: int) -> str:
    return (tm.parse_date(date) - timedelta(days=days)).isoformat()


def _received(sent: dict[str, Any], received: int) -> Received:
    return json.dumps(sent | {"received_at": tm.iso_local(received, ZONE)}).encode(), received
