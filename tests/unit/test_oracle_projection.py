"""The oracle's projection: open stops, pace, finish, risk, shortfall and who can help; each computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from oracle_records import DAY, Record, friend_event, planned, registered, requested, scan, stamp, table

SHIFT = planned("SHIFT_PLANNED", "09:00", "20:00")
HISTORY = [  # a standard of 20 minutes a stop in area A1, wave DAY
    scan("DELIVERED", f"18 10:{minute}", f"history {minute}".replace(" ", "-"), service_date="2026-11-18", wave="DAY")
    for minute in ("00", "40")
]


def left(number: str, promised_at: str = "20:00", **fields: Any) -> list[Record]:
    """An invoice that F1 still has to deliver."""
    assigned = {name: fields.pop(name) for name in ("friend_id",) if name in fields}
    code = {"direction": fields["direction"], "code": "REQUESTED"} if "direction" in fields else {}
    return [
        registered(number, promised_at, **(fields | code)),
        scan("ASSIGNED", "08:00", number, **(fields | assigned)),
    ]


def done(time: str, number: str, **fields: Any) -> Record:
    """Work on something that is not registered."""
    return scan("DELIVERED", time, number, **({"service_date": DAY, "wave": "DAY"} | fields))


# 10:00 to 11:00 on the road, 3 stops: 3 an hour without a standard, (3 + 3) ÷ 2 an hour with one of 20 minutes.
HOUR_OF_WORK = [done("10:00", "a"), done("10:20", "b"), done("11:00", "c")]


def found(
    scans: list[Record], events: list[Record] | None = None, as_of: str = "11:00", **kwargs: Any
) -> dict[str, Any]:
    figures: dict[str, Any] = table(scans, events, as_of=as_of, **kwargs)["nationwide:KR"]
    return figures


def finish(*args: Any, **kwargs: Any) -> str | None:
    """The local time of day of the projected finish."""
    time = found(*args, **kwargs)["projected_finish"]
    return None if time is None else time[11:23]


def test_open_stops_are_doors_and_a_finish_is_at_their_pace() -> None:
    scans = HOUR_OF_WORK + left("1", address_key="K") + left("2", address_key="K") + left("3")
    scans += left("4", address_key=None) + left("5", address_key=None) + left("6", direction="RETURN")
    figures = found(scans)
    assert figures["open_stops"] == 5
    assert figures["projected_finish"] == stamp("12:40:00.000")  # 5 stops at 3 an hour
    assert finish(scans, as_of="11:10") == "12:50:00.000"
    assert found(HOUR_OF_WORK)["projected_finish"] is None


def test_the_standard_keeps_a_pace_from_wild_guesses() -> None:
    scans = [*HISTORY, done("10:50", "a"), done("11:00", "b"), *left("1")]
    # (2 stops + 3 an hour × 1 h) ÷ (10 min + 1 h): 5 stops in 70 minutes, 14 minutes each.
    assert finish(scans) == "11:14:00.000"
    other = [done("10:50", "a", wave="NEW"), done("11:00", "b", wave="NEW"), *left("1")]
    assert finish(HISTORY + other) == "11:05:00.000"  # a wave without a standard: 2 stops in 10 minutes


def test_without_a_standard_a_pace_needs_ten_minutes_and_a_stop() -> None:
    short = found([done("10:50:00.001", "a"), done("11:00", "b"), *left("1")])
    assert (short["projected_finish"], short["no_pace_stops"], short["open_stops"]) == (None, 1, 1)
    assert short["shortfall"] == 0
    assert finish([done("10:50", "a"), done("11:00", "b"), *left("1")]) == "11:05:00.000"
    departed = [scan("DEPARTED", "09:00", "x", service_date=DAY), scan("DEPARTED", "10:00", "y", service_date=DAY)]
    assert finish([*departed, *left("1")]) is None


def test_the_last_net_hour_reaches_over_excluded_time() -> None:
    scans = [done(time, time.replace(":", "")) for time in ("08:00", "08:50", "09:05", "11:00")] + left("1")
    locked = [friend_event("APP_LOCKED", "09:10"), friend_event("APP_UNLOCKED", "10:30")]
    # Net: 08:00–09:10 and 10:30–11:00; the last hour of it begins at 08:40 and holds 3 stops.
    assert finish(scans, locked) == "11:20:00.000"
    assert finish(scans, [friend_event("APP_LOCKED", "09:10"), friend_event("APP_UNLOCKED", "10:45")]) == "11:20:00.000"
    # Begins at 08:55 with 09:10–10:15 locked: 15 + 45 minutes, 2 stops.
    assert finish(scans, [friend_event("APP_LOCKED", "09:10"), friend_event("APP_UNLOCKED", "10:15")]) == "11:30:00.000"


def test_stops_are_taken_by_promise_and_those_that_will_miss_it_are_at_risk() -> None:
    scans = HOUR_OF_WORK + left("1", "12:00") + left("2", "11:20") + left("3", "11:50") + left("4", "10:30")
    # In order: 4 (late already) 11:20, 2 11:40, 3 12:00, 1 12:20.
    figures = found(scans)
    assert (figures["m1_at_risk"], figures["m1_late_open"]) == (3, 1)
    exact = HOUR_OF_WORK + left("1", "11:20")
    assert found(exact)["m1_at_risk"] == 0  # done at the promise
    assert found(HOUR_OF_WORK + left("1", "11:19:59"))["m1_at_risk"] == 1
    assert found(HOUR_OF_WORK + left("1", "11:00"))["m1_at_risk"] == 1  # promised for now: not late yet


def test_risk_counts_in_its_own_direction_camp_and_wave() -> None:
    scans = HOUR_OF_WORK + left("1", "11:10", wave="NEW", camp_id="C3")
    scans += left("2", "11:15", direction="RETURN")
    assert found(scans)["m1_at_risk"] == 1
    assert found(scans, direction="RETURN")["m2_at_risk"] == 1
    nodes = table(scans, as_of="11:00")
    assert (nodes["camp:C3"]["m1_at_risk"], nodes["friend:C3/F1"]["m1_at_risk"], nodes["camp:C1"]["m1_at_risk"]) == (
        1,
        1,
        0,
    )
    assert (nodes["camp:C3"]["open_stops"], nodes["camp:C1"]["open_stops"]) == (0, 2)
    assert table(scans, as_of="11:00", wave="NEW")["camp:C3"]["m1_at_risk"] == 1
    assert table(scans, as_of="11:00", wave="DAY")["camp:C3"]["m1_at_risk"] == 0


def test_unassigned_stops_stand_apart_at_their_camp() -> None:
    scans = [registered("1", address_key="K"), registered("2", address_key="K"), requested("3", address_key="K")]
    scans += [registered("4", camp_id="C3", address_key="K"), registered("5", camp_id="C3", wave="DAWN")]
    nodes = table(scans, as_of="11:00")
    for node, stops in (("camp:C1", 1), ("friend:C1/unassigned", 1), ("camp:C3", 2), ("nationwide:KR", 3)):
        assert (nodes[node]["unassigned_stops"], nodes[node]["open_stops"]) == (stops, 0)
    assert nodes["nationwide:KR"]["m1_at_risk"] == 0


def test_a_friend_who_has_not_begun_starts_with_the_shift() -> None:
    late = planned("SHIFT_PLANNED", "13:00", "20:00")
    scans = HISTORY + left("1") + left("2")
    assert finish(scans, [late]) == "13:40:00.000"  # at the standard of the shift's area and wave
    assert finish(scans, [late], as_of="14:00") == "14:40:00.000"
    assert finish(scans) == "11:40:00.000"  # without a shift: now, at the standard of the first stop's
    assert finish(HISTORY + left("1", camp_id="C3")) is None
    assert finish(scans, [planned("SHIFT_PLANNED", "13:00", "20:00", wave="NEW")]) is None


def test_the_break_that_remains_delays_every_finish() -> None:
    scans = HOUR_OF_WORK + left("1")
    breaks = [SHIFT, planned("BREAK_PLANNED", "13:00", "13:40"), planned("BREAK_PLANNED", "13:20", "14:00")]
    assert finish(scans, breaks) == "12:20:00.000"
    assert finish(scans, breaks[1:]) == "11:20:00.000"  # no shift of the date
    taken = [friend_event("BREAK_STARTED", "10:02"), friend_event("BREAK_ENDED", "10:12")]
    # 10 minutes taken of 60; 3 stops in 50 minutes.
    assert finish(scans, breaks + taken) == "12:06:40.000"
    past = [SHIFT, planned("BREAK_PLANNED", "10:30", "11:30")]
    # Half the planned break lies before T, and none was recorded; 3 stops in 30 net minutes.
    assert finish(scans, past) == "11:40:00.000"
    elsewhere = [SHIFT, planned("BREAK_PLANNED", "22:00:00.001", "23:00")]
    assert finish(scans, elsewhere) == "11:20:00.000"


def test_the_shortfall_is_what_will_not_be_done_by_the_deadline_of_its_wave() -> None:
    waves = "country,wave,deadline,next_day\nKR,DAY,12:00,false\nKR,SAME_DAY,13:00,false\n"
    scans = list(HOUR_OF_WORK)
    for number in range(5):
        scans += left(str(number), "12:00")
    scans += left("8", "13:00", wave="SAME_DAY") + left("9", "13:30", wave="SAME_DAY")
    figures = found(scans, master={"waves.csv": waves})
    # At 3 an hour: 5 stops by 12:00, 3 can be done; 7 by 13:00, 6 can be done.
    assert figures["shortfall"] == pytest.approx(2 + 1)
    # Past the deadline a wave is short by no more than its own stops.
    assert found(scans, as_of="14:00", master={"waves.csv": waves})["shortfall"] == pytest.approx(5 + 2)
    assert found(scans)["shortfall"] == 0


def test_who_is_out_and_done_before_the_deadline_can_help() -> None:
    waves = {"waves.csv": "country,wave,deadline,next_day\nKR,DAY,13:00,false\n"}
    out = [scan("DEPARTED", "10:00", "d", service_date=DAY, wave="DAY"), *HOUR_OF_WORK]
    figures = found(out + left("1"), master=waves)
    assert (figures["can_help"], figures["spare_stops"]) == (1, pytest.approx(5))  # 6 by 13:00, 1 of them own
    shift = planned("SHIFT_PLANNED", "09:00", "12:20")
    assert found(out + left("1"), [shift], master=waves)["spare_stops"] == pytest.approx(3)
    shift = planned("SHIFT_PLANNED", "09:00", "12:30")
    figures = found(out + left("1") + left("2") + left("3") + left("4"), [shift], master=waves)
    assert (figures["can_help"], figures["spare_stops"]) == (0, 0)  # half a stop
    assert found(out, master=waves)["can_help"] == 1  # nothing left at all
    assert found(HOUR_OF_WORK, master=waves)["can_help"] == 0  # never departed
    ended = [friend_event("ROUTE_ENDED", "11:00")]
    assert found(out, ended, master=waves)["can_help"] == 0


def test_a_hub_is_done_with_its_latest_friend() -> None:
    scans = HOUR_OF_WORK + left("1")
    for time in ("10:00", "11:00"):
        scans.append(done(time, f"f2-{time[:2]}", friend_id="F2", camp_id="C3"))
    scans += left("2", friend_id="F2", camp_id="C3")
    nodes = table(scans, as_of="11:00")
    times = {node: nodes[node]["projected_finish"] for node in ("friend:C1/F1", "camp:C1", "area:A2", "region:R1")}
    first, last = stamp("11:20:00.000"), stamp("11:30:00.000")
    assert times == {"friend:C1/F1": first, "camp:C1": first, "area:A2": last, "region:R1": last}
    assert nodes["camp:C2"]["projected_finish"] is None
