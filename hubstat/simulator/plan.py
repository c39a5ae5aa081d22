"""Constants of a simulated day, calibrated by LaDe-D Jilin and published figures (see docs/simulator.md).

Hours are counted from the local midnight that begins the service date; the evening before is negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

RETURN_SHARE: Final = 0.10
SAME_DOOR: Final = 0.18  # chance that the next parcel of a route goes to the doorstep of the one before
RETRY_BY_SAME: Final = 0.5
RETRY_BY_OTHER: Final = 0.35

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wave:
    """How one wave works. ``share``: of deliveries; ``load``: parcels of a Friend-day; spans are hours.

    departures: (share of Friends, from, to); finish: (survival, hour) of the Friends still out, empty: all work to the
    end;
    stop_minutes: from door to door; last: no stop begins later; least: Friends that a small day keeps.
    """

    wave: str
    deadline: str
    shift_text: tuple[str, str]
    shift: Span
    share: float
    load: int
    registered: Span
    arrived: Span
    departures: tuple[tuple[float, float, float], ...]
    stop_minutes: float
    break_after: Span
    last: float
    rounds: int = 1
    finish: tuple[tuple[float, float], ...] = field(default=())
    least: int = 1


DAWN: Final = Wave(
    wave="DAWN",
    deadline="07:00",
    shift_text=("21:30", "07:30"),
    shift=(-2.5, 7.5),
    share=0.38,
    load=112,
    registered=(-15.0, -6.2),
    arrived=(-6.0, -3.2),
    departures=((1.0, -2.2, -1.3),),
    stop_minutes=3.55,
    break_after=(1.0, 2.2),
    last=8.0,
    rounds=2,
)
DAY: Final = Wave(
    wave="DAY",
    deadline="23:59:59",
    shift_text=("09:00", "20:00"),
    shift=(9.0, 20.0),
    share=0.50,
    load=106,
    registered=(-14.0, 2.0),
    arrived=(2.5, 6.5),
    departures=((0.07, 6.9, 7.4), (0.46, 8.6, 9.5), (0.40, 9.5, 10.2), (0.07, 10.2, 11.0)),
    stop_minutes=3.9,
    break_after=(1.8, 5.0),
    last=21.8,
    # Of the Friends out at 11 h, the share still out in the middle of each later hour: from the real completions by
    # hour.
    finish=(
        (1.0, 11.5),
        (0.9, 12.5),
        (0.73, 13.5),
        (0.59, 14.5),
        (0.48, 15.5),
        (0.37, 16.5),
        (0.27, 17.5),
        (0.22, 18.5),
        (0.14, 19.5),
        (0.10, 20.5),
        (0.0, 21.3),
    ),
    least=2,  # one ends early, one late: together they are like a whole crew
)
SAME_DAY: Final = Wave(
    wave="SAME_DAY",
    deadline="23:59:59",
    shift_text=("16:00", "23:00"),
    shift=(16.0, 23.0),
    share=0.12,
    load=68,
    registered=(0.5, 11.8),
    arrived=(12.5, 15.2),
    departures=((1.0, 16.6, 17.8),),
    stop_minutes=4.1,
    break_after=(1.5, 2.2),
    last=23.6,
)
WAVES: Final = (DAWN, DAY, SAME_DAY)

# What may happen to a delivery beside the plain way, as shares of all deliveries; the rest goes on a route.
DELIVERY_FATES: Final = (
    ("carrier", 0.030),
    ("cancelled", 0.004),
    ("cancelled_on_road", 0.002),
    ("customer_reschedule", 0.006),
    ("carrier_reschedule", 0.003),
    ("not_arrived", 0.003),
    ("lost", 0.0005),
    ("unmapped_camp", 0.001),
)
SUPERSEDED_SHARE: Final = 0.003
RETURN_FATES: Final = (
    ("withdrawn_customer", 0.025),
    ("withdrawn_policy", 0.004),
    ("customer_reschedule", 0.010),
    ("no_pickup_scan", 0.010),
)

FAILURE_REASONS: Final = (
    "고객부재",
    "연락두절",
    "공동현관 출입불가",
    "주소불명",
    "수취거부",
    "시간초과",
    "미적재",
    "오분류",
    "파손",
    "기상",
)
FAILURE_WEIGHTS: Final = (34, 16, 18, 9, 6, 7, 3, 3, 2, 2)

ABSENT_SHARE: Final = 0.02
TEMPORARY_SHARE: Final = 0.004
CLOCK_AHEAD_SHARE: Final = 0.006
OFFLINE_SHARE: Final = 0.03
INCIDENT_SHARE: Final = 0.02
LATE_START_SHARE: Final = 0.10  # routes that start over ten minutes after their plan
LOAD_WAIT_SHARE: Final = 0.05  # routes that start before the whole load is there
NOT_LOADED_SHARE: Final = 0.01  # parcels that leave without a loading scan
PREREFUND_SHARE: Final = 0.30
