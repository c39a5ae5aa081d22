"""A Friend-day and contents of a closed day, for tests of facts."""

from __future__ import annotations

from collections import Counter
from datetime import date

from memory import MemoryNetwork, records

from aggregations.facts.documents import Contents
from aggregations.question import Moment
from aggregations.tally import Tallies, Tally
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.friendday import FriendDay
from hubstat.domain.hierarchy import CampRow, HubTree

TREE = HubTree(
    [CampRow("C1", "캠프", "Camp", "A", "구역", "Area", "R", "권역", "Region", "KR", date(2026, 1, 1), None)], "KR"
)


def friend_day() -> FriendDay:
    """Two stops of a planned shift and a route, folded."""
    found = MemoryNetwork({})
    at = "2026-11-20T{}:00+09:00"
    common = {"friend_id": "F1", "camp_id": "C1", "event_time": at.format("06:00")}
    shift = {"service_date": "2026-11-20", "wave": "DAY"}
    plan = {"planned_from": at.format("08:00"), "planned_to": at.format("18:00")}
    route = {"code": "ROUTE_PLANNED", "route_id": "R1", "planned_from": at.format("08:30"), **shift}
    for raw in records(
        {**common, "code": "SHIFT_PLANNED", **shift, **plan},
        {**common, **route},
        {**common, "code": "ROUTE_STARTED", "route_id": "R1", "event_time": at.format("08:40")},
    ):
        found.add_friend(raw)
    for number, time in enumerate(("09:00", "10:30")):
        scan = {"invoice_no": str(number), "direction": "DELIVERY", "code": "DELIVERED", "event_time": at.format(time)}
        for raw in records({**scan, "camp_id": "C1", "friend_id": "F1"}):
            found.add_invoice(raw)
    closing = tm.parse_instant("2026-11-21T12:00:00+09:00")
    (day,) = found.day(date(2026, 11, 20), Moment(closing, closing)).days()
    return day


DAY = friend_day()


def contents(camps: Tallies | None = None, *days: FriendDay) -> Contents:
    empty: Tallies = {}
    return Contents(
        camps=dict.fromkeys(DIRECTIONS, camps or empty),
        friends=dict.fromkeys(DIRECTIONS, empty),
        waiting_camps=dict.fromkeys(DIRECTIONS, empty),
        waiting_friends=dict.fromkeys(DIRECTIONS, empty),
        work={(day.camp, day.friend_id): Tally(friends=Counter({"friend_days": 1})) for day in days},
        days=days,
    )
