"""The oracle's figures of Friends beside their minutes: each by a small example computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from oracle_records import DAY, Record, friend_event, planned, scan, stamp, table

SHIFT = planned("SHIFT_PLANNED", "09:00", "20:00")


def work(time: str, number: str, **fields: Any) -> Record:
    """A completion of an invoice that is not registered: work without anything due."""
    return scan("DELIVERED", time, number, **({"service_date": DAY, "wave": "DAY"} | fields))


def friend(scans: list[Record], events: list[Record] | None = None, as_of: str = "22:00") -> dict[str, Any]:
    found: dict[str, Any] = table(scans, events, as_of=as_of)["friend:C1/F1"]
    return found


def names(found: dict[str, Any], prefix: str) -> list[str]:
    """The figures of a prefix that count one, without it."""
    return [name.removeprefix(prefix) for name, value in found.items() if name.startswith(prefix) and value == 1]


def test_deliveries_and_stops_an_hour_of_the_whole_day_and_by_hour() -> None:
    scans = [work("10:30", "1", address_key="K"), work("10:35", "2", address_key="K"), work("11:30", "3")]
    scans += [scan("ATTEMPT_FAILED", "12:05", "4", service_date=DAY)]
    found = friend(scans)
    # On the road from 10:30 to 12:05: 95 minutes, 3 completions, 3 stops.
    assert found["hourly_deliveries"] == pytest.approx(3 / (95 / 60))
    assert found["hourly_stops"] == pytest.approx(3 / (95 / 60))
    hours = ["2026-11-20T10", "2026-11-20T11", "2026-11-20T12"]
    assert found["stops_by_hour"] == dict(zip(hours, [1, 1, 1], strict=True))
    assert found["stops_per_hour"] == dict(zip(hours, [2.0, 1.0, None], strict=True))


def test_the_hour_of_a_stop_is_that_of_its_first_scan() -> None:
    scans = [work("10:55", "1", address_key="K"), work("11:03", "2", address_key="K")]
    found = friend(scans)
    assert found["stops_by_hour"] == {"2026-11-20T10": 1, "2026-11-20T11": 0}
    assert found["hourly_deliveries"] is None  # 8 minutes on the road
    assert found["hourly_stops"] is None


def test_rates_of_a_hub_are_sums_over_sums_at_every_level() -> None:
    scans = [work("10:00", "1"), work("10:40", "2"), work("10:00", "3", friend_id="F2", camp_id="C3")]
    scans += [work("11:20", "4", friend_id="F2", camp_id="C3")]
    nodes = table(scans, as_of="22:00")
    assert nodes["camp:C1"]["hourly_deliveries"] == pytest.approx(3)
    assert nodes["area:A2"]["hourly_deliveries"] == pytest.approx(1.5)
    for node in ("region:R1", "nationwide:KR"):
        assert nodes[node]["hourly_deliveries"] == pytest.approx(4 / 2)
        assert nodes[node]["friend_days"] == 2


@pytest.mark.parametrize(
    ("scans", "events", "expected"),
    [
        ([], [SHIFT], ["planned", "not_started"]),
        ([], [SHIFT, friend_event("ABSENT", "18 08:00", service_date=DAY)], ["planned", "absent"]),
        ([], [friend_event("ABSENT", "08:00")], ["absent"]),
        ([work("10:00", "1")], [SHIFT, friend_event("ABSENT", "08:00")], ["planned"]),  # never departed
        ([scan("DEPARTED", "10:00", service_date=DAY)], [], ["out"]),
        ([work("10:00", "1")], [SHIFT, friend_event("ROUTE_STARTED", "09:30")], ["planned", "out"]),
        (
            [work("10:00", "1")],
            [SHIFT, friend_event("ROUTE_STARTED", "09:30"), friend_event("ROUTE_ENDED", "19:00")],
            ["planned", "back"],
        ),
        ([work("10:00", "1")], [SHIFT, friend_event("ROUTE_ENDED", "19:00")], ["planned"]),  # never departed
        ([], [planned("SHIFT_PLANNED", "09:00", "20:00", made="22:30")], None),  # planned after T
    ],
)
def test_where_a_friend_is(scans: list[Record], events: list[Record], expected: list[str] | None) -> None:
    nodes = table(scans, events, as_of="22:00")
    if expected is None:
        assert "friend:C1/F1" not in nodes
    else:
        for node in ("friend:C1/F1", "nationwide:KR"):
            assert names(nodes[node], "friends_") == expected


def test_the_last_run_tells_out_from_back() -> None:
    early = planned("SHIFT_PLANNED", "02:00", "06:00", wave="DAWN")
    events = [early, planned("SHIFT_PLANNED", "12:00", "20:00"), friend_event("ROUTE_STARTED", "02:00")]
    events += [friend_event("ROUTE_ENDED", "06:00"), friend_event("ROUTE_STARTED", "12:00")]
    scans = [work("03:00", "1"), work("13:00", "2")]
    assert names(friend(scans, events, as_of="11:00"), "friends_") == ["planned", "back"]
    assert names(friend(scans, events, as_of="14:00"), "friends_") == ["planned", "out"]


def test_the_camp_of_a_friend_without_a_run() -> None:
    late = planned("SHIFT_PLANNED", "15:00", "20:00", wave="SAME_DAY", camp_id="C2")
    nameless = planned("SHIFT_PLANNED", "09:00", "14:00", camp_id=None)
    assert table([], [late, SHIFT], as_of="08:00")["friend:C1/F1"]["friends_planned"] == 1
    assert table([], [late, nameless], as_of="08:00")["friend:C2/F1"]["friends_planned"] == 1
    absent = friend_event("ABSENT", "08:00", camp_id="C3")
    assert table([], [nameless, absent], as_of="09:00")["friend:C3/F1"]["friends_planned"] == 1
    assert table([], [nameless], as_of="09:00")["friend:unmapped/F1"]["friends_planned"] == 1


def route(route_id: str, start: str, **fields: Any) -> Record:
    plan = {"planned_from": stamp(start), "service_date": DAY, "route_id": route_id}
    return friend_event("ROUTE_PLANNED", "19 12:00", **(plan | fields))


def routes(found: dict[str, Any]) -> tuple[int, int, int, float]:
    return (
        found["routes_planned"], found["routes_departed"], found["routes_on_time"], found["departure_delay_minutes"],
    )  # fmt: skip


def test_a_route_departs_at_the_first_start_that_names_it() -> None:
    plans = [route("A", "09:00"), route("B", "14:00"), route("C", "18:00")]
    starts = [friend_event("ROUTE_STARTED", time, route_id=name) for time, name in
              (("09:10", "A"), ("09:40", "A"), ("14:10:00.001", "B"))]  # fmt: skip
    found = friend([work("10:00", "1"), work("15:00", "2")], plans + starts)
    assert routes(found) == (3, 2, 1, pytest.approx(20, abs=0.001))
    assert found["departure_on_time_rate"] == 0.5
    assert friend([], plans, as_of="08:00")["departure_on_time_rate"] is None


def test_a_route_that_departed_early_has_no_delay() -> None:
    found = friend([], [route("A", "09:00"), friend_event("ROUTE_STARTED", "08:00", route_id="A")])
    assert routes(found) == (1, 1, 1, 0)


def test_where_no_start_names_a_route_the_departure_of_the_run_of_its_wave_counts() -> None:
    events = [SHIFT, planned("SHIFT_PLANNED", "22:30", "23:30", wave="NIGHT")]
    events += [route("A", "09:00", wave="DAY"), route("B", "09:00"), route("C", "23:00", wave="NIGHT")]
    found = friend([scan("DEPARTED", "09:30", service_date=DAY), work("10:00", "2")], events, as_of="23:50")
    assert routes(found) == (3, 2, 0, 60)
    named = friend_event("ROUTE_STARTED", "09:05", route_id="other")
    assert routes(friend([work("10:00", "1")], [*events, named], as_of="23:50")) == (3, 0, 0, 0)


def test_of_several_plans_of_a_route_the_last_of_the_date_counts_where_it_names() -> None:
    again = friend_event("ROUTE_PLANNED", "19 13:00", planned_from=stamp("09:30"), route_id="A", camp_id="C2")
    tomorrow = friend_event("ROUTE_PLANNED", "19 14:00", planned_from=stamp("21 09:30"), route_id="A")
    events = [route("A", "09:00"), again, tomorrow, friend_event("ROUTE_STARTED", "09:45", route_id="A"), SHIFT]
    nodes = table([work("10:00", "1")], events, as_of="22:00")
    assert routes(nodes["friend:C2/F1"]) == (1, 1, 0, 15)
    assert routes(nodes["friend:C1/F1"]) == (0, 0, 0, 0)
    assert routes(nodes["area:A1"]) == (1, 1, 0, 15)


def test_silence_is_the_time_since_the_last_activity_less_what_is_excluded_since() -> None:
    scans = [scan("DEPARTED", "10:00", service_date=DAY), work("11:00", "2")]
    found = friend(scans, as_of="11:40")
    assert (found["silent_minutes"], found["silent_friends"]) == (40, 1)
    assert friend(scans, as_of="11:15")["silent_friends"] == 0  # 15 minutes are allowed
    locked = [friend_event("APP_LOCKED", "11:10")]
    assert friend(scans, locked, as_of="11:40")["silent_minutes"] == 10
    planned_break = planned("BREAK_PLANNED", "11:00", "11:30")
    assert friend(scans, [planned_break], as_of="11:40")["silent_minutes"] == 10
    # The break is taken later than planned: the planned time counts no more.
    taken = friend_event("BREAK_STARTED", "11:25")
    assert friend(scans, [planned_break, taken], as_of="11:40")["silent_minutes"] == 25


def test_who_is_not_silent() -> None:
    assert friend([work("10:00", "1")], as_of="12:00")["silent_minutes"] is None  # never departed
    scans = [scan("DEPARTED", "10:00", service_date=DAY), work("11:00", "2")]
    assert friend(scans, [friend_event("ROUTE_ENDED", "11:30")], as_of="12:00")["silent_minutes"] is None
    tomorrow = {"service_date": "2026-11-21"}
    scans += [scan("DEPARTED", "20:00", "3", **tomorrow), scan("DELIVERED", "20:10", "4", **tomorrow)]
    assert friend(scans, as_of="20:30")["silent_minutes"] is None  # at work for the next date


def test_a_hub_shows_its_longest_silence() -> None:
    scans = [scan("DEPARTED", "10:00", service_date=DAY)]
    scans += [scan("DEPARTED", "10:20", "2", service_date=DAY, friend_id="F2")]
    found = table(scans, as_of="11:00")["camp:C1"]
    assert (found["silent_minutes"], found["silent_friends"]) == (60, 2)


def test_the_figures_of_friends_stand_once_and_the_empty_row_has_them_all() -> None:
    nodes = table([work("10:00", "1")], as_of="22:00")
    empty = nodes["camp:C3"]
    assert set(empty) == set(nodes["friend:C1/F1"])
    for name in ("silent_minutes", "projected_finish", "efficiency", "hourly_deliveries", "hourly_stops"):
        assert empty[name] is None
    assert (empty["shortfall"], empty["spare_stops"], empty["stops_by_hour"]) == (0, 0, {})
    assert "friend_days" not in table([work("10:00", "1")], as_of="22:00", direction="RETURN")["camp:C1"]
