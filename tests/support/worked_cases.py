"""The worked cases of the definitions, by number: events in, questions, and what every interpreter must answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from aggregations.question import Question
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction

_COLUMNS = (
    "camp_id,camp_name_ko,camp_name_en,area_id,area_name_ko,area_name_en,"
    "region_id,region_name_ko,region_name_en,country,valid_from,valid_to"
)
HUBS = f"""{_COLUMNS}
C1,캠프 1,Camp 1,A,구역 A,Area A,R1,권역 1,Region 1,KR,2026-01-01,
C2,캠프 2,Camp 2,A,구역 A,Area A,R1,권역 1,Region 1,KR,2026-01-01,2026-11-21
C2,캠프 2,Camp 2,B,구역 B,Area B,R1,권역 1,Region 1,KR,2026-11-21,
"""
MASTER = {"hubs.csv": HUBS}
Record = Mapping[str, Any]


def at(text: str, day: str = "2026-11-20") -> str:
    """RFC 3339 in Korea of a local time of day."""
    return f"{day}T{text if text.count(':') == 2 else text + ':00'}+09:00"


def event(code: str, time: str, **more: Any) -> dict[str, Any]:
    """One event of invoice I1, received when it happened unless ``received_at`` says otherwise."""
    sent = {"invoice_no": "I1", "direction": "DELIVERY", "code": code, "event_time": time, "received_at": time, **more}
    if code in {"ASSIGNED", "LOADED", "DEPARTED", "ATTEMPT_FAILED", "DELIVERED", "PICKED_UP"}:
        sent = {"camp_id": "C1", "friend_id": "F1", **sent}
    return sent


def registered(day: str = "2026-11-20", promise: str = "20:00", wave: str = "DAY", **more: Any) -> dict[str, Any]:
    """Registration of the evening before."""
    sent = event("REGISTERED", at("18:00", "2026-11-18"), service_date=day, wave=wave, promised_at=at(promise, day))
    return {**sent, "camp_id": "C1", **more}


@dataclass(frozen=True)
class Expect:
    """Figures that one node must have at one (T, K)."""

    as_of: str
    figures: Mapping[str, Any]
    known_at: str | None = None
    level: str = "camp"
    hub: str = "C1"
    service_date: str = "2026-11-20"
    wave: str = "all"
    direction: Direction = "DELIVERY"

    def question(self) -> Question:
        """As it is asked."""
        known_at = None if self.known_at is None else tm.parse_instant(self.known_at)
        return Question(
            self.level,
            date.fromisoformat(self.service_date),
            f"{self.level}:{self.hub}" if self.level != "friend" else None,
            tm.parse_instant(self.as_of),
            known_at,
            self.wave,
            self.direction,
        )


@dataclass(frozen=True)
class Case:
    """One worked case."""

    name: str
    records: tuple[Record, ...]
    expected: tuple[Expect, ...]
    friend_records: tuple[Record, ...] = ()


NONE_LATE = {"m1_base": 1, "m1_late": 0, "m1_rate": 0.0}
CASES = (
    Case(
        "00 golden keys",
        (registered(), event("DELIVERED", at("19:30:15"))),
        (
            Expect(
                at("21:00"),
                {
                    "completions_by_hour": {"2026-11-20T19": 1},
                    "last_completed_at": "2026-11-20T19:30:15.000+09:00",
                    "completion": 1.0,
                },
            ),
        ),
    ),
    Case(
        "01a on time at the promise", (registered(), event("DELIVERED", at("20:00"))), (Expect(at("20:01"), NONE_LATE),)
    ),
    Case(
        "01b one second late",
        (registered(), event("DELIVERED", at("20:00:01"))),
        (
            Expect(
                at("20:01"),
                {
                    "m1_base": 1,
                    "m1_late": 1,
                    "m1_late_open": 0,
                    "m1_rate": 1.0,
                    "m1_buckets.(0,30]": 1,
                    "m1_buckets.(30,60]": 0,
                },
            ),
        ),
    ),
    Case(
        "01c open around the promise",
        (registered(),),
        (
            Expect(at("20:00"), {"due": 1, "open": 1, "m1_base": 0, "m1_late": 0, "m1_rate": None}),
            Expect(at("20:01"), {"m1_base": 1, "m1_late": 1, "m1_late_open": 1, "m1_buckets.(0,30]": 1}),
        ),
    ),
    Case(
        "02 failed attempt, then late",
        (registered(), event("ATTEMPT_FAILED", at("18:00"), reason="고객부재"), event("DELIVERED", at("21:00"))),
        (
            Expect(
                at("22:00"),
                {
                    "m1_base": 1,
                    "m1_late": 1,
                    "m1_adjusted_base": 0,
                    "m1_adjusted_late": 0,
                    "m1_adjusted_rate": None,
                    "first_attempt_n": 1,
                    "first_attempt_ok": 0,
                    "first_attempt_rate": 0.0,
                },
            ),
        ),
    ),
    Case(
        "03 delivered before registered",
        (
            event("DELIVERED", at("19:00")),
            registered(received_at=at("21:00")),
        ),
        (
            Expect(at("20:30"), {"due": 0, "completed": 0, "m1_base": 0}, known_at=at("20:30")),
            Expect(at("20:30"), {"due": 1, "completed": 1, **NONE_LATE}, known_at=at("21:00")),
        ),
    ),
    Case(
        "04a one scan three times",
        (registered(), *(event("DELIVERED", at("19:00"), received_at=at(f"19:0{n}")) for n in (1, 2, 3))),
        (Expect(at("20:30"), {"completed": 1, "completions_by_hour": {"2026-11-20T19": 1}}),),
    ),
    Case(
        "04b two copies of one event",
        (
            registered(),
            event("DELIVERED", at("10:05"), event_id="E1", received_at=at("10:06")),
            event("DELIVERED", at("10:00"), event_id="E1", received_at=at("11:00")),
        ),
        (
            Expect(at("10:30"), {"last_completed_at": "2026-11-20T10:05:00.000+09:00"}, known_at=at("10:30")),
            Expect(at("11:00"), {"last_completed_at": "2026-11-20T10:00:00.000+09:00"}, known_at=at("11:00")),
        ),
    ),
    Case(
        "05 corrected later",
        (
            registered(),
            event("DELIVERED", at("17:00"), event_id="E1"),
            event("CORRECTED", at("19:00"), event_id="E2", corrects="E1"),
        ),
        (
            Expect(at("18:00"), {"completed": 1, "open": 0}, known_at=at("18:00")),
            Expect(at("18:00"), {"completed": 0, "open": 1}, known_at=at("19:30")),
        ),
    ),
    Case(
        "06a rescheduled by the customer",
        (
            registered(),
            event(
                "RESCHEDULED",
                at("09:00"),
                by="CUSTOMER",
                service_date="2026-11-21",
                wave="DAY",
                promised_at=at("20:00", "2026-11-21"),
            ),
        ),
        (Expect(at("12:00"), {"due": 0}), Expect(at("12:00"), {"due": 1}, service_date="2026-11-21")),
    ),
    Case(
        "06b rescheduled by the carrier",
        (
            registered(),
            event(
                "RESCHEDULED",
                at("09:00"),
                by="CARRIER",
                service_date="2026-11-21",
                wave="DAY",
                promised_at=at("20:00", "2026-11-21"),
            ),
        ),
        (Expect(at("12:00"), {"due": 1}), Expect(at("12:00"), {"due": 0}, service_date="2026-11-21")),
    ),
    Case(
        "07 night shift",
        (registered("2026-11-21", "07:00", "DAWN"), event("DELIVERED", at("23:40"))),
        (
            Expect(
                at("08:00", "2026-11-21"),
                {"due": 1, "completions_by_hour": {"2026-11-20T23": 1}, "m1_late": 0},
                service_date="2026-11-21",
                wave="DAWN",
            ),
            Expect(at("08:00", "2026-11-21"), {"due": 0}, service_date="2026-11-21", wave="DAY"),
        ),
    ),
    Case(
        "08 a camp moves",
        (
            registered(camp_id="C2"),
            registered("2026-11-21", camp_id="C2", invoice_no="I2"),
        ),
        (
            Expect(at("12:00"), {"due": 1}, level="area", hub="A"),
            Expect(at("12:00"), {"due": 0}, level="area", hub="A", service_date="2026-11-21"),
            Expect(at("12:00"), {"due": 1}, level="area", hub="B", service_date="2026-11-21"),
        ),
    ),
    Case(
        "09 a locked break inside a gap",
        (
            event("DELIVERED", at("10:00"), service_date="2026-11-20"),
            event("DELIVERED", at("11:20"), service_date="2026-11-20", invoice_no="I2"),
        ),
        (
            Expect(
                at("12:00"),
                {"idle_minutes": 5.0, "excluded_minutes.app_lock": 60.0, "net_on_road_minutes": 20.0, "friend_days": 1},
            ),
        ),
        (
            {"friend_id": "F1", "code": "APP_LOCKED", "event_time": at("10:10"), "received_at": at("10:10")},
            {"friend_id": "F1", "code": "APP_UNLOCKED", "event_time": at("11:10"), "received_at": at("11:10")},
        ),
    ),
    Case(
        "10 nothing due",
        (registered("2026-11-19"),),
        (
            Expect(
                at("12:00"),
                {"due": 0, "completion": None, "m1_rate": None, "first_attempt_rate": None, "hourly_deliveries": None},
            ),
        ),
    ),
    Case(
        "11a cancelled before departure",
        (registered(), event("CANCELLED", at("10:00"))),
        (Expect(at("21:00"), {"due": 0}),),
    ),
    Case(
        "11b withdrawn after the promise",
        (
            {
                **registered(direction="RETURN"),
                "code": "REQUESTED",
            },
            event("WITHDRAWN", at("21:00"), direction="RETURN"),
        ),
        (
            Expect(
                at("22:00"),
                {"due": 1, "closed": 1, "m2_base": 1, "m2_late": 1, "m2_buckets.(30,60]": 1, "m2_late_open": 0},
                direction="RETURN",
            ),
        ),
    ),
    Case(
        "11c cancelled but delivered",
        (registered(), event("CANCELLED", at("10:00")), event("DELIVERED", at("11:00"))),
        (Expect(at("21:00"), {"due": 1, "completed": 1, "closed": 0}),),
    ),
    Case(
        "12 reattempt by another Friend",
        (
            registered(),
            event("ATTEMPT_FAILED", at("14:00"), reason="고객부재"),
            event("ASSIGNED", at("15:00"), friend_id="F2"),
            event("DELIVERED", at("16:00"), friend_id="F2"),
        ),
        (
            Expect(
                at("18:00"),
                {"due": 1, "completed": 1, "stops": 1, "worked_by_hour": {"2026-11-20T16": 1}},
                level="friend",
                hub="F2",
            ),
            Expect(at("18:00"), {"due": 0, "completed": 0, "stops": 1, "friend_days": 1}, level="friend", hub="F1"),
        ),
    ),
    Case(
        "13a date only, received the same day",
        (registered(), event("DELIVERED", "2026-11-20", source="HANJIN", received_at=at("15:00"))),
        (
            Expect(
                at("16:00"),
                {"last_completed_at": "2026-11-20T15:00:00.000+09:00", "completed": 1, "friend_days": 0},
            ),
        ),
    ),
    Case(
        "13b date only, received the next day",
        (registered(), event("DELIVERED", "2026-11-20", source="HANJIN", received_at=at("09:00", "2026-11-21"))),
        (Expect(at("12:00", "2026-11-21"), {"last_completed_at": "2026-11-20T23:59:59.999+09:00"}),),
    ),
    Case(
        "14a delivered two days later",
        (registered(), event("DELIVERED", at("10:00", "2026-11-22"))),
        (
            Expect(at("12:00", "2026-11-21"), {"open": 1, "m1_late_open": 1}, known_at=at("12:00", "2026-11-21")),
            Expect(at("12:00", "2026-11-21"), {"open": 1, "m1_late_open": 1}, known_at=at("12:00", "2026-11-23")),
        ),
    ),
    Case(
        "14b a scan received after closing",
        (registered(), event("DELIVERED", at("19:00"), received_at=at("14:00", "2026-11-21"))),
        (
            Expect(at("12:00", "2026-11-21"), {"completed": 0, "m1_late": 1}, known_at=at("12:00", "2026-11-21")),
            Expect(at("12:00", "2026-11-21"), {"completed": 1, "m1_late": 0}, known_at=at("15:00", "2026-11-21")),
        ),
    ),
)
