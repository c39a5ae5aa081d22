"""What happened on the example day, Friday 20 November 2026, and on three Fridays before it.

Region R1 has area A1 (camps C1, C2) and area A2 (camp C3), region R2 has area A3 (camp C4). In C1, F1 works the day
with everything that can be excluded, F2 falls silent at 11:20, F3 is absent, F4 begins in the evening, F5 worked the
dawn. F6 of C2 scans a batch, F7 of C3 has not started, F8 of C4 has no history to be measured against.
"""

from __future__ import annotations

from typing import Final

from hubstat.examples.parts import Parcel, Shift


def ready(friend: str, arrived: str = "07:00") -> tuple[str, ...]:
    """Arrival, assignment and loading before the departures of the day."""
    return (f"ARRIVED_CAMP {arrived}", f"ASSIGNED 08:30 {friend}", f"LOADED 09:30 {friend}")


def dawn(*scans: str) -> tuple[str, ...]:
    """Arrival, assignment and loading of the dawn wave, then what followed."""
    return ("ARRIVED_CAMP 02:00", "ASSIGNED 04:00 F5", "LOADED 04:30 F5", *scans)


F1: Final = ready("F1")
F2: Final = ready("F2")
F6: Final = ready("F6")

_DAY_OF_C1: Final = (
    # F1's, in the order of the road. D1 and D2 are one doorstep; D3 and D6 fail first, for a customer's reason.
    Parcel("D1", "12:00", (*F1, "DELIVERED 10:20 F1")),
    Parcel("D2", "12:00", (*F1, "DELIVERED 10:24 F1"), door="d1"),
    Parcel("D3", "14:00", (*F1, "ATTEMPT_FAILED 10:48 F1 reason=고객부재", "DELIVERED 13:10 F1")),
    Parcel("D4", "11:00", (*F1, "DELIVERED 11:10 F1")),
    Parcel("D5", "14:00", (*F1, "DELIVERED 11:30 F1")),
    Parcel("D6", "15:00", (*F1, "ATTEMPT_FAILED 13:30 F1 reason=연락두절", "DELIVERED 16:30 F1")),
    Parcel("D7", "17:00", (*F1, "DELIVERED 16:05 F1"), more={"promised_from": "16:00"}),
    Parcel("D8", "17:00", (*F1, "DELIVERED 17:05 F1")),
    Parcel("D9", "17:30", (*F1, "DELIVERED 17:30 F1")),
    Parcel("D10", "20:00", F1),
    Parcel("D11", "20:00", F1, door="d10"),
    Parcel("D12", "18:30", F1),
    Parcel("D13", "17:30", ("ARRIVED_CAMP 07:00", "ASSIGNED 09:00 F1")),
    # Closed, cancelled, superseded, not assigned, rescheduled to the next day.
    Parcel("D14", "15:00", ("ARRIVED_CAMP 07:00", "CLOSED_ADMIN 16:00")),
    Parcel("D15", "20:00", ("CANCELLED 09:00 by=CUSTOMER",)),
    Parcel("D16", "16:00"),
    Parcel("D18", "17:00", ("ARRIVED_CAMP 07:00",)),
    Parcel("D19", "16:00", asked="11-19/19:00", more={"replaces": "D16"}),
    Parcel(
        "D24",
        "20:00",
        ("RESCHEDULED 08:00 by=CUSTOMER service_date=2026-11-21 wave=DAY promised_at=11-21/20:00",),
    ),
    # F2's. D17 never arrived; D23 was loaded without an arrival scan.
    Parcel("D17", "20:00", ("ASSIGNED 09:00 F2",)),
    Parcel("D20", "12:00", (*F2, "DELIVERED 10:40 F2")),
    Parcel("D21", "12:00", (*F2, "DELIVERED 11:00 F2")),
    Parcel("D22", "20:00", (*F2, "ATTEMPT_FAILED 11:20 F2 reason=주소불명")),
    Parcel("D23", "20:00", F2[1:]),
)
_DAWN_OF_C1: Final = tuple(
    Parcel(f"N{number}", "07:00", scans, wave="DAWN")
    for number, scans in enumerate(
        (
            dawn("DELIVERED 05:20 F5"),
            dawn("DELIVERED 05:40 F5"),
            dawn("DELIVERED 06:00 F5"),
            dawn("DELIVERED 06:20 F5"),
            dawn("DELIVERED 06:40 F5"),
            dawn("DELIVERED 06:55 F5"),
            dawn("DELIVERED 07:10 F5"),
            dawn("ATTEMPT_FAILED 07:20 F5 reason=시간초과", "RETURNED_CAMP 08:00"),
            dawn("RETURNED_CAMP 08:00"),
        ),
        1,
    )
)
# Left over from earlier dates.
_BACKLOG: Final = (
    Parcel(
        "B1",
        "11-18/20:00",
        ("ARRIVED_CAMP 11-18/07:00", "RETURNED_CAMP 11-19/17:30"),
        asked="11-16/18:00",
        date="2026-11-18",
    ),
    Parcel("B2", "11-17/20:00", ("ARRIVED_CAMP 11-17/06:00",), asked="11-16/18:00", date="2026-11-17"),
    Parcel(
        "B3",
        "11-19/20:00",
        ("ARRIVED_CAMP 11-19/07:00", "RETURNED_CAMP 11-19/20:00"),
        asked="11-17/18:00",
        date="2026-11-19",
    ),
)
_ELSEWHERE: Final = (
    # C2: F6's, E2 to E4 within 60 seconds; E6 came from the 19th, E7 was moved by the carrier, E8's scan came late.
    Parcel("E1", "14:00", (*F6, "DELIVERED 10:30 F6", "DELIVERED 10:30 F6"), camp="C2"),
    Parcel("E2", "14:00", (*F6, "DELIVERED 11:30 F6"), camp="C2"),
    Parcel("E3", "14:00", (*F6, "DELIVERED 11:30:30 F6"), camp="C2"),
    Parcel("E4", "14:00", (*F6, "DELIVERED 11:31 F6"), camp="C2"),
    Parcel("E5", "14:00", (*F6, "DELIVERED 12:01 F6"), camp="C2"),
    Parcel(
        "E6",
        "11-19/20:00",
        (
            "RESCHEDULED 11-19/09:00 by=CUSTOMER service_date=2026-11-20 wave=DAY promised_at=11-20/20:00",
            "ARRIVED_CAMP 07:00",
            "DELIVERED 12:10 F6 event_id=e6-wrong",
            "CORRECTED 12:20 event_id=e6-right corrects=e6-wrong",
        ),
        camp="C2",
        asked="11-18/18:00",
        date="2026-11-19",
    ),
    Parcel(
        "E7",
        "16:00",
        ("RESCHEDULED 11-19/20:00 by=CARRIER service_date=2026-11-21 wave=DAY promised_at=11-21/20:00",),
        camp="C2",
    ),
    Parcel("E8", "17:00", ("ARRIVED_CAMP 07:00", "DELIVERED 17:40 source=CJ received_at=18:30"), camp="C2"),
    # C3: two for F7, two for nobody at one doorstep. C4: F8's.
    Parcel("G1", "20:00", ("ARRIVED_CAMP 07:00", "ASSIGNED 08:30 F7"), camp="C3"),
    Parcel("G2", "20:00", ("ARRIVED_CAMP 07:00", "ASSIGNED 08:30 F7"), camp="C3"),
    Parcel("G3", "20:00", ("ARRIVED_CAMP 07:00",), camp="C3"),
    Parcel("G4", "20:00", ("ARRIVED_CAMP 07:00",), camp="C3", door="g3"),
    Parcel("H1", "14:00", (*ready("F8"), "DELIVERED 11:00 F8"), camp="C4"),
    Parcel("H2", "14:00", (*ready("F8"), "DELIVERED 11:30 F8"), camp="C4"),
    Parcel("H3", "18:15", ready("F8"), camp="C4"),
)
_RETURNS: Final = (
    Parcel(
        "P1",
        "14:00",
        ("PICKED_UP 13:50 F1", "REFUNDED 15:20", "RECEIVED_WAREHOUSE 17:20"),
        asked="11-19/13:50",
        direction="RETURN",
        more={"prerefund": True},
    ),
    Parcel(
        "P2",
        "14:00",
        ("PICKED_UP 14:10 F1", "REFUNDED 14:40"),
        asked="11-19/20:10",
        direction="RETURN",
        more={"prerefund": True},
    ),
    Parcel("P3", "19:00", ("ATTEMPT_FAILED 15:20 F1 reason=고객부재",), direction="RETURN"),
    Parcel("P4", "16:00", ("WITHDRAWN 17:00 by=POLICY",), asked="11-19/10:00", direction="RETURN"),
    Parcel("P5", "17:00", asked="11-19/12:00", direction="RETURN"),
    Parcel("P6", "15:00", ("ASSIGNED 09:00 F2",), asked="11-18/18:00", direction="RETURN"),
    Parcel("P7", "18:00", ("WITHDRAWN 09:00 by=POLICY",), direction="RETURN"),
    Parcel(
        "P8",
        "11-18/16:00",
        ("PICKED_UP 11-18/15:00 source=HANJIN camp_id=C1",),
        asked="11-17/09:00",
        date="2026-11-18",
        direction="RETURN",
    ),
    Parcel("P9", "20:00", ("CLOSED_ADMIN 17:30",), direction="RETURN"),
    Parcel(
        "Q1",
        "12:00",
        ("RECEIVED_WAREHOUSE 09:00", "COMPLETED 15:00"),
        camp="C2",
        asked="11-19/09:00",
        direction="RETURN",
    ),
    Parcel(
        "Q2",
        "12:00",
        (
            "PICKED_UP 08:00 source=HANJIN camp_id=C2",
            "RECEIVED_WAREHOUSE 12:00",
            "COMPLETED 16:30",
            "REFUNDED 16:40",
        ),
        camp="C2",
        asked="11-19/16:00",
        direction="RETURN",
    ),
)


def _friday(day: str, end: str, *scans: str) -> tuple[Shift, tuple[Parcel, ...]]:
    """One of F1's Fridays: departure at 10:00, four parcels promised for 20:00; what fails is closed the day after."""
    month, number = day.split("-")
    eve, later = (f"{month}-{int(number) + by:02}" for by in (-1, 1))
    shift = Shift(
        "F1",
        (f"{day}/10:00", f"{day}/21:00"),
        (f"ROUTE_STARTED {day}/10:00", f"ROUTE_ENDED {day}/{end}"),
        date=f"2026-{day}",
        made=f"{eve}/20:00",
    )
    parcels = []
    for place, scan in enumerate(scans, 1):
        code, clock, *more = scan.split()
        lines = [" ".join((code, f"{day}/{clock}", "F1", *more))]
        if code == "ATTEMPT_FAILED":
            lines.append(f"CLOSED_ADMIN {later}/15:00")
        parcels.append(
            Parcel(f"X{month}{number}-{place}", f"{day}/20:00", tuple(lines), asked=f"{eve}/18:00", date=f"2026-{day}")
        )
    return shift, tuple(parcels)


_FAILED: Final = "ATTEMPT_FAILED 11:20 reason=시간초과"
_FRIDAYS: Final = (
    _friday("10-23", "11:20", "DELIVERED 10:20", "DELIVERED 10:45", "DELIVERED 11:05", _FAILED),
    _friday("11-06", "12:00", "DELIVERED 10:20", "DELIVERED 10:40", "DELIVERED 11:00", _FAILED),
    _friday("11-13", "11:00", "DELIVERED 10:10", "DELIVERED 10:25", "DELIVERED 10:45", "DELIVERED 11:00"),
)

PARCELS: Final[tuple[Parcel, ...]] = (
    *(parcel for _, parcels in _FRIDAYS for parcel in parcels),
    *_BACKLOG,
    *_DAWN_OF_C1,
    *_DAY_OF_C1,
    *_ELSEWHERE,
    *_RETURNS,
)
_DAY: Final = ("10:00", "21:00")
SHIFTS: Final[tuple[Shift, ...]] = (
    *(shift for shift, _ in _FRIDAYS),
    Shift(
        "F1",
        _DAY,
        (
            "ROUTE_PLANNED 11-19/20:00 route_id=R1 planned_from=10:00",
            "BREAK_PLANNED 11-19/20:00 planned_from=12:00 planned_to=12:30",
            "BREAK_PLANNED 11-19/20:05 planned_from=19:00 planned_to=19:30",
            "ROUTE_STARTED 10:05 route_id=R1",
            "LOAD_WAIT_STARTED 10:06",
            "LOAD_WAIT_ENDED 10:11",
            "INCIDENT_STARTED 11:12",
            "INCIDENT_ENDED 11:22",
            "BREAK_STARTED 12:00",
            "BREAK_ENDED 12:40",
            "APP_LOCKED 14:20",
            "APP_UNLOCKED 15:00",
            "OFFLINE_STARTED 16:40",
            "OFFLINE_ENDED 16:50",
            "OFFLINE_STARTED 17:35",
            "OFFLINE_ENDED 17:45",
        ),
    ),
    Shift(
        "F2",
        _DAY,
        (
            "ROUTE_PLANNED 11-19/20:00 route_id=R2 planned_from=10:00",
            "BREAK_PLANNED 11-19/20:00 planned_from=13:00 planned_to=14:00",
            "ROUTE_STARTED 10:25 route_id=R2",
        ),
    ),
    Shift("F3", _DAY, ("ROUTE_PLANNED 11-19/20:00 route_id=R3 planned_from=10:00", "ABSENT 09:30")),
    Shift(
        "F4",
        ("19:00", "23:00"),
        ("ROUTE_PLANNED 11-19/20:00 route_id=R4 planned_from=19:00",),
        wave="SAME_DAY",
    ),
    Shift(
        "F5",
        ("11-19/21:30", "07:30"),
        (
            "ROUTE_PLANNED 11-19/20:00 route_id=R5 planned_from=05:00",
            "ROUTE_STARTED 05:08 route_id=R5",
            "ROUTE_ENDED 07:40",
        ),
        wave="DAWN",
    ),
    Shift("F6", _DAY, ("ROUTE_STARTED 10:01", "ROUTE_ENDED 12:30"), camp="C2"),
    Shift("F7", _DAY, camp="C3"),
    Shift("F8", _DAY, ("ROUTE_STARTED 10:00",), camp="C4"),
)
