"""The worked cases of the metric definitions, by number, on the oracle."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hubstat.oracle import Figures, figures
from hubstat.oracle.clock import parse_timestamp

HUBS = """camp_id,area_id,region_id,country,valid_from,valid_to
C1,A,R,KR,2026-01-01,2026-11-21
C1,B,R,KR,2026-11-21,
C2,A,R,KR,2026-01-01,
"""
REASONS = "reason,group,label_ko,label_en,customer\n고객부재,customer,고객부재,Customer absent,true\n"
MASTER = {"hubs.csv": HUBS, "reasons.csv": REASONS}
DAY = "2026-11-20"

Record = tuple[bytes, int]


def at(time: str) -> int:
    """Epoch ms of ``[MM-DD ]HH:MM[:SS]`` in Korea, by default on 2026-11-20."""
    return parse_timestamp(stamp(time))


def stamp(time: str) -> str:
    day, _, clock = time.rpartition(" ")
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    return f"2026-{day or '11-20'}T{clock}+09:00"


def event(code: str, time: str, received: str | None = None, **fields: Any) -> Record:
    """One record of invoice 1, received when it happened unless told otherwise."""
    base = {"v": 1, "invoice_no": "1", "direction": "DELIVERY", "camp_id": "C1", "friend_id": "F1"}
    value = base | {"code": code, "event_time": stamp(time)} | fields
    return orjson.dumps(value), at(received or time)


def registered(promised_at: str = "20:00", day: str = DAY, code: str = "REGISTERED", **fields: Any) -> Record:
    promise = {"service_date": day, "wave": "DAY", "promised_at": stamp(promised_at)}
    return event(code, "11-19 09:00", **(promise | fields))


def requested(promised_at: str) -> Record:
    return registered(promised_at, direction="RETURN", code="REQUESTED")


def friend_event(code: str, time: str, **fields: Any) -> Record:
    value = {"v": 1, "friend_id": "F1", "camp_id": "C1", "code": code, "event_time": stamp(time)} | fields
    return orjson.dumps(value), at(time)


def ask(
    records: list[Record], as_of: str, known_at: str | None = None, day: str = DAY, shift: list[Record] | None = None
) -> Figures:
    known = at(known_at or as_of)
    return figures(
        records, shift or [], master=MASTER, service_date=day, as_of_ms=at(as_of), known_at_ms=max(known, at(as_of))
    )


def nationwide(*args: Any, direction: str = "DELIVERY", **kwargs: Any) -> dict[str, Any]:
    return ask(*args, **kwargs)[direction]["all"]["nationwide:KR"]


def late_in(figures: dict[str, Any], metric: str = "m1") -> list[str]:
    """The lateness buckets that hold something."""
    return [label for label, count in figures[f"{metric}_buckets"].items() if count]


def test_case_0_completions_by_hour_and_the_last_one() -> None:
    found = nationwide(
        [
            registered(),
            event("DELIVERED", "10:59:59"),
            registered(invoice_no="2"),
            event("DELIVERED", "11:00", invoice_no="2"),
        ],
        "18:00",
    )
    assert found["completions_by_hour"] == {"2026-11-20T10": 1, "2026-11-20T11": 1}
    assert found["last_completed_at"] == "2026-11-20T11:00:00.000+09:00"


def test_case_1_delivered_at_the_promise_is_on_time() -> None:
    found = nationwide([registered(), event("DELIVERED", "20:00:00")], "21:00")
    assert (found["m1_base"], found["m1_late"], late_in(found)) == (1, 0, [])


def test_case_1_a_second_later_is_late() -> None:
    found = nationwide([registered(), event("DELIVERED", "20:00:01")], "21:00")
    assert (found["m1_base"], found["m1_late"], late_in(found)) == (1, 1, ["(0,30]"])


@pytest.mark.parametrize(("as_of", "expected"), [("20:00", (0, 0, None)), ("20:01", (1, 1, 1.0))])
def test_case_1_open_is_late_only_after_the_promise(as_of: str, expected: tuple[int, int, float | None]) -> None:
    found = nationwide([registered()], as_of)
    assert (found["m1_base"], found["m1_late"], found["m1_rate"]) == expected


def test_case_2_a_valid_attempt_leaves_the_adjusted_rate_on_both_sides() -> None:
    records = [registered(), event("ATTEMPT_FAILED", "18:00", reason="고객부재"), event("DELIVERED", "21:00")]
    found = nationwide(records, "22:00")
    assert (found["m1_base"], found["m1_late"]) == (1, 1)
    assert (found["m1_adjusted_base"], found["m1_adjusted_late"]) == (0, 0)
    assert (found["first_attempt_n"], found["first_attempt_ok"]) == (1, 0)


def test_case_3_an_unregistered_invoice_counts_once_its_registration_came() -> None:
    delivered = event("DELIVERED", "10:00")
    late_paper = registered(received="12:00")
    assert nationwide([delivered], "11:00")["due"] == 0
    assert nationwide([delivered, late_paper], "11:00")["due"] == 0
    assert ask([delivered, late_paper], "13:00") == ask([registered(), delivered], "13:00")


def test_case_4_one_scan_three_times_is_one_event() -> None:
    scan = event("DELIVERED", "10:00")
    assert ask([registered(), scan, scan, scan], "18:00") == ask([registered(), scan], "18:00")


@pytest.mark.parametrize(("known_at", "minute"), [("10:30", "05"), ("11:00", "00")])
def test_case_4_the_smallest_of_two_copies_counts_once_known(known_at: str, minute: str) -> None:
    records = [
        registered(),
        event("DELIVERED", "10:05", received="10:06", event_id="E"),
        event("DELIVERED", "10:00", received="11:00", event_id="E"),
    ]
    found = nationwide(records, "10:30", known_at)
    assert found["completed"] == 1
    assert found["last_completed_at"] == f"2026-11-20T10:{minute}:00.000+09:00"


@pytest.mark.parametrize(("known_at", "completed"), [("18:00", 1), ("19:30", 0)])
def test_case_5_a_correction_voids_at_every_t_once_it_was_received(known_at: str, completed: int) -> None:
    records = [
        registered(),
        event("DELIVERED", "17:00", event_id="E"),
        event("CORRECTED", "19:00", event_id="X", corrects="E"),
    ]
    found = nationwide(records, "18:00", known_at)
    assert (found["completed"], found["open"]) == (completed, 1 - completed)


@pytest.mark.parametrize(("by", "due"), [("CUSTOMER", {"2026-11-20": 0, "2026-11-21": 1}),
                                         ("CARRIER", {"2026-11-20": 1, "2026-11-21": 0})])  # fmt: skip
def test_case_6_only_the_customer_moves_the_promise(by: str, due: dict[str, int]) -> None:
    moved = event(
        "RESCHEDULED", "09:00", by=by, service_date="2026-11-21", wave="DAY", promised_at=stamp("11-21 20:00")
    )
    records = [registered(), moved, event("DEPARTED", "10:00")]
    assert {day: nationwide(records, "12:00", day=day)["due"] for day in due} == due


def test_case_6_after_the_departure_the_customer_does_not_move_it_either() -> None:
    moved = event(
        "RESCHEDULED", "11:00", by="CUSTOMER", service_date="2026-11-21", wave="DAY", promised_at=stamp("11-21 20:00")
    )
    assert nationwide([registered(), event("DEPARTED", "10:00"), moved], "12:00")["due"] == 1


def test_case_7_a_night_shift_belongs_to_the_date_of_its_deadline() -> None:
    records = [registered("11-21 07:00", day="2026-11-21", wave="DAWN"), event("DELIVERED", "23:40")]
    found = ask(records, "11-21 06:00", day="2026-11-21")["DELIVERY"]["DAWN"]["nationwide:KR"]
    assert found["completions_by_hour"] == {"2026-11-20T23": 1}
    assert nationwide(records, "11-21 06:00", day="2026-11-20")["due"] == 0


def test_case_8_a_moved_camp_keeps_its_past() -> None:
    records = [
        registered(),
        registered("11-21 20:00", day="2026-11-21", invoice_no="2"),
    ]
    for day, area, other in (("2026-11-20", "A", "B"), ("2026-11-21", "B", "A")):
        nodes = ask(records, "11-21 12:00", day=day)["DELIVERY"]["all"]
        assert nodes[f"area:{area}"]["due"] == 1
        assert nodes.get(f"area:{other}", {"due": 0})["due"] == 0


def test_case_9_an_app_locked_break_adds_no_idle() -> None:
    records = [event("DELIVERED", "10:00"), event("DELIVERED", "11:20", invoice_no="2")]
    shift = [
        friend_event("APP_LOCKED", "10:10"),
        friend_event("BREAK_STARTED", "10:10"),
        friend_event("APP_UNLOCKED", "11:10"),
        friend_event("BREAK_ENDED", "11:10"),
    ]
    found = ask(records, "12:00", shift=shift)["DELIVERY"]["all"]["friend:C1/F1"]
    assert found["idle_minutes"] == 5
    assert (found["on_road_minutes"], found["net_on_road_minutes"]) == (80, 20)
    assert (found["excluded_minutes"]["break"], found["excluded_minutes"]["app_lock"]) == (60, 60)


def test_case_10_nothing_due_has_no_rates() -> None:
    for direction, metric in (("DELIVERY", "m1"), ("RETURN", "m2")):
        found = nationwide([], "12:00", direction=direction)
        assert found["due"] == 0
        assert found["completion"] is None
        assert found[f"{metric}_rate"] is None
        assert found["last_completed_at"] is None


def test_case_11_cancelled_before_departure_and_promise_is_not_due() -> None:
    found = nationwide([registered(), event("CANCELLED", "10:00", by="CUSTOMER")], "22:00")
    assert (found["due"], found["m1_base"], found["m3"]["withdrawn_or_cancelled"]) == (0, 0, 1)


def test_case_11_withdrawn_after_the_promise_is_late_by_the_time_between() -> None:
    found = nationwide(
        [requested("20:00"), event("WITHDRAWN", "21:00", direction="RETURN", by="POLICY")],
        "22:00",
        direction="RETURN",
    )
    assert (found["due"], found["closed"], found["m2_base"], found["m2_late"]) == (1, 1, 1, 1)
    assert late_in(found, "m2") == ["(30,60]"]


def test_case_11_a_completion_beats_a_cancellation() -> None:
    found = nationwide([registered(), event("CANCELLED", "10:00"), event("DELIVERED", "11:00")], "12:00")
    assert (found["due"], found["completed"], found["m3"]["done"]) == (1, 1, 1)


def test_case_12_the_completion_is_b_s_and_the_attempt_is_a_s() -> None:
    records = [
        registered(),
        event("ATTEMPT_FAILED", "10:00", friend_id="A"),
        event("ASSIGNED", "10:30", friend_id="B"),
        event("DELIVERED", "11:00", friend_id="B"),
    ]
    nodes = ask(records, "12:00")["DELIVERY"]["all"]
    assert nodes["friend:C1/B"]["completed"] == 1
    assert (nodes["friend:C1/A"]["due"], nodes["friend:C1/A"]["friend_days"], nodes["friend:C1/A"]["stops"]) == (
        0,
        1,
        1,
    )
    assert nodes["friend:C1/A"]["worked_by_hour"] == {}
    assert nodes["friend:C1/B"]["worked_by_hour"] == {"2026-11-20T11": 1}


@pytest.mark.parametrize(
    ("received", "completed_at"),
    [("15:00", "2026-11-20T15:00:00.000+09:00"), ("11-21 09:00", "2026-11-20T23:59:59.999+09:00")],
)
def test_case_13_a_date_alone_is_the_end_of_that_day_at_most(received: str, completed_at: str) -> None:
    scan = event("DELIVERED", "15:00", received=received, event_time="2026-11-20", source="HANJIN", carrier="HANJIN")
    nodes = ask([registered(), scan], "11-21 12:00")["DELIVERY"]["all"]
    assert nodes["nationwide:KR"]["last_completed_at"] == completed_at
    assert nodes["friend:C1/F1"]["friend_days"] == 0  # time unknown: never used for productivity


def test_case_14_a_delivery_after_closing_restates_nothing() -> None:
    records = [registered(), event("DELIVERED", "11-22 10:00")]
    closing, now = "11-21 12:00", "11-25 09:00"
    final = ask(records, closing, closing)
    assert final["DELIVERY"]["all"]["nationwide:KR"]["m1_late_open"] == 1
    assert ask(records, closing, now) == final


def test_case_14_a_scan_of_the_day_received_after_closing_restates() -> None:
    records = [registered(), event("DELIVERED", "19:00", received="11-21 14:00")]
    closing, now = "11-21 12:00", "11-25 09:00"
    before, after = nationwide(records, closing, closing), nationwide(records, closing, now)
    assert (before["open"], before["m1_late"]) == (1, 1)
    assert (after["completed"], after["m1_late"]) == (1, 0)
