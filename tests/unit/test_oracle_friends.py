"""Friend-days of the oracle: runs, time on the road, what is excluded, stops, batches, camps."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hubstat.oracle import figures
from hubstat.oracle.clock import parse_timestamp

DAY = "2026-11-20"
HUBS = "camp_id,area_id,region_id,country,valid_from,valid_to\nC1,A,R,KR,2026-01-01,\nC2,A,R,KR,2026-01-01,\n"

Record = tuple[bytes, int]


def stamp(time: str) -> str:
    """``[DD ]HH:MM[:SS[.fff]]`` in November 2026, by default the 20th."""
    day, _, clock = time.rpartition(" ")
    return f"2026-11-{day or '20'}T{clock if clock.count(':') == 2 else clock + ':00'}+09:00"


def scan(time: str, number: str, key: str | None = None, code: str = "DELIVERED", **fields: Any) -> Record:
    value = {"v": 1, "invoice_no": number, "direction": "DELIVERY", "camp_id": "C1", "friend_id": "F1"}
    value |= {"code": code, "event_time": stamp(time), "address_key": key or f"K{number}", "service_date": DAY}
    return orjson.dumps(value | fields), parse_timestamp(stamp(time))


def friend_event(code: str, time: str, **fields: Any) -> Record:
    value = {"v": 1, "friend_id": "F1", "camp_id": "C1", "code": code, "event_time": stamp(time)}
    return orjson.dumps(value | fields), parse_timestamp(stamp(time))


def shift(day: str, start: str, end: str, made: str = "18 12:00") -> Record:
    plan = {"service_date": day, "wave": "DAY", "planned_from": stamp(start), "planned_to": stamp(end)}
    return friend_event("SHIFT_PLANNED", made, **plan)


def nodes(scans: list[Record], events: list[Record] | None = None, as_of: str = "21 12:00") -> dict[str, Any]:
    instant = parse_timestamp(stamp(as_of))
    found = figures(
        scans,
        events or [],
        master={"hubs.csv": HUBS},
        service_date=DAY,
        as_of_ms=instant,
        known_at_ms=instant,
    )
    return found["DELIVERY"]["all"]


def friend_day(scans: list[Record], events: list[Record] | None = None, as_of: str = "21 12:00") -> dict[str, Any]:
    found: dict[str, Any] = nodes(scans, events, as_of)["friend:C1/F1"]
    return found


def test_scans_at_one_door_within_ten_minutes_are_one_stop() -> None:
    scans = [scan("10:00", "1", "K"), scan("10:10", "2", "K"), scan("10:20:00.001", "3", "K"), scan("10:21", "4", "L")]
    assert friend_day(scans)["stops"] == 3


def test_another_door_between_ends_the_stop_and_a_missing_key_is_a_door_of_its_own() -> None:
    scans = [scan("10:00", "1", "K"), scan("10:02", "2", "L"), scan("10:04", "3", "K")]
    assert friend_day(scans)["stops"] == 3
    assert friend_day([scan("10:00", "1", address_key=""), scan("10:01", "2", address_key="")])["stops"] == 2


@pytest.mark.parametrize(("third", "batches"), [("10:41:00", 1), ("10:41:00.001", 0)])
def test_three_doors_within_a_minute_are_a_batch(third: str, batches: int) -> None:
    scans = [scan("10:00", "0"), scan("10:40", "1"), scan("10:40:30", "2"), scan(third, "3"), scan("11:00", "4")]
    found = friend_day(scans)
    assert found["batch_scans"] == batches
    # 40 minutes before the batch are idle only when it is none; the 19 minutes after it count either way.
    assert found["idle_minutes"] == pytest.approx(4 if batches else 25 + 4, abs=0.001)


def test_the_road_begins_at_the_departure_and_ends_with_the_route() -> None:
    scans = [scan("08:55", "1"), scan("10:00", "2"), scan("12:30", "3")]
    events = [
        shift(DAY, "09:00", "20:00"),
        friend_event("ROUTE_STARTED", "09:00"),
        friend_event("ROUTE_ENDED", "12:00"),
    ]
    found = friend_day(scans, events)
    assert found["on_road_minutes"] == 180
    assert found["worked_by_hour"] == {"2026-11-20T08": 1, "2026-11-20T09": 0, "2026-11-20T10": 1, "2026-11-20T11": 0,
                                       "2026-11-20T12": 1}  # fmt: skip
    assert found["invoices_per_hour"]["2026-11-20T08"] is None
    assert found["invoices_per_hour"]["2026-11-20T10"] == 1
    # Idle looks at whole gaps, also where they leave the road: 65 − 15 and 150 − 15.
    assert found["idle_minutes"] == 50 + 135


def test_a_route_started_again_reopens_the_road() -> None:
    scans = [scan("10:00", "1"), scan("14:00", "2")]
    events = [
        friend_event("ROUTE_STARTED", "09:00"),
        friend_event("ROUTE_ENDED", "11:00"),
        friend_event("ROUTE_STARTED", "13:00"),
    ]
    assert friend_day(scans, events)["on_road_minutes"] == 300


@pytest.mark.parametrize(
    ("events", "minutes"),
    [
        ([friend_event("APP_LOCKED", "10:10"), friend_event("APP_UNLOCKED", "10:30", until=stamp("10:50"))], 20),
        ([friend_event("APP_LOCKED", "10:10", until=stamp("10:50"))], 40),
        ([friend_event("APP_LOCKED", "10:10")], 50),
        ([friend_event("APP_LOCKED", "10:10", until=stamp("10:50")), friend_event("APP_LOCKED", "10:40")], 50),
    ],
)
def test_where_an_interval_ends(events: list[Record], minutes: int) -> None:
    found = friend_day([scan("10:00", "1"), scan("11:00", "2"), scan("11:30", "3")], events)
    assert found["excluded_minutes"]["app_lock"] == minutes


def test_a_planned_break_counts_only_where_none_was_recorded() -> None:
    scans = [scan("10:00", "1"), scan("14:00", "2")]
    planned = friend_event("BREAK_PLANNED", "08:00", planned_from=stamp("12:00"), planned_to=stamp("13:00"))
    recorded = friend_event("BREAK_STARTED", "11:00", until=stamp("11:30"))
    assert friend_day(scans, [planned])["excluded_minutes"]["break"] == 60
    assert friend_day(scans, [planned, recorded])["excluded_minutes"]["break"] == 30


def test_waiting_for_a_promised_window_is_excluded_up_to_its_start() -> None:
    scans = [scan("10:00", "1"), scan("11:00", "2", promised_from=stamp("10:50"))]
    found = friend_day(scans)
    assert found["excluded_minutes"]["window_wait"] == 50
    assert found["idle_minutes"] == 0
    early = [scan("10:00", "1"), scan("10:40", "2", promised_from=stamp("10:50"))]
    assert friend_day(early)["excluded_minutes"]["window_wait"] == 0


def test_a_gap_over_six_hours_ends_an_unplanned_run_and_not_a_shift() -> None:
    scans = [scan("10:00", "1"), scan("16:00:00.001", "2")]
    assert friend_day(scans)["on_road_minutes"] == 0
    assert friend_day(scans, [shift(DAY, "10:00", "16:00")])["on_road_minutes"] == pytest.approx(360, abs=0.001)


def test_a_later_plan_of_the_same_shift_replaces_the_earlier() -> None:
    scans = [scan("10:00", "1", service_date="2026-11-21")]
    moved = shift(DAY, "15:00", "16:00", made="18 13:00")
    assert friend_day(scans, [shift(DAY, "09:00", "11:00")])["friend_days"] == 1
    assert friend_day(scans, [shift(DAY, "09:00", "11:00"), moved])["friend_days"] == 0


def test_an_unplanned_run_is_dated_by_most_of_its_activities_and_at_a_tie_by_the_earlier_date() -> None:
    scans = [scan("10:00", "1", service_date="2026-11-21"), scan("10:05", "2")]
    assert friend_day(scans)["friend_days"] == 1
    assert "friend:C1/F1" not in nodes([*scans, scan("10:10", "3", service_date="2026-11-21")])


def test_an_invoice_counts_once_a_friend_day_at_its_first_scan() -> None:
    scans = [scan("10:00", "1"), scan("11:00", "1", event_id="again")]
    assert friend_day(scans)["worked_by_hour"] == {"2026-11-20T10": 1}


def test_the_friend_day_goes_to_the_camp_where_the_route_started() -> None:
    scans = [scan("10:00", "1", camp_id="C2"), scan("11:00", "2", camp_id="C2")]
    assert nodes(scans)["camp:C2"]["friend_days"] == 1
    started = nodes(scans, [friend_event("ROUTE_STARTED", "09:30")])
    assert (started["camp:C1"]["friend_days"], started["camp:C2"]["friend_days"]) == (1, 0)


def test_a_completion_without_a_friend_is_the_holder_s_activity() -> None:
    assigned = scan("09:00", "1", code="ASSIGNED")
    found = friend_day([assigned, scan("10:00", "1", friend_id="")])
    assert found["worked_by_hour"] == {"2026-11-20T10": 1}
