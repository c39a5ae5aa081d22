"""The oracle's figures of invoices beside the six: each by a small example computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from oracle_records import Record, friend_event, planned, registered, requested, scan, table


def nationwide(*args: Any, **kwargs: Any) -> dict[str, Any]:
    found: dict[str, Any] = table(*args, **kwargs)["nationwide:KR"]
    return found


def test_rates_of_first_attempts_and_of_lateness_adjusted() -> None:
    scans = [registered(), scan("DELIVERED", "10:00")]
    scans += [registered("2"), scan("ATTEMPT_FAILED", "11:00", "2", reason="고객부재"), scan("DELIVERED", "21:00", "2")]
    scans += [registered("3"), scan("DELIVERED", "20:30", "3"), registered("4")]
    found = nationwide(scans, as_of="22:00")
    assert found["first_attempt_rate"] == 2 / 3
    # Late: 2, 3 and 4 of 4. The customer was absent at 2, so it is out of both sides.
    assert found["m1_adjusted_rate"] == 2 / 3
    assert nationwide([registered()], as_of="12:00")["first_attempt_rate"] is None
    assert nationwide([registered()], as_of="12:00")["m1_adjusted_rate"] is None


def test_the_95th_percentile_of_completions_is_a_minute_rounded_up() -> None:
    scans: list[Record] = []
    for number in range(20):
        scans += [registered(str(number)), scan("DELIVERED", f"10:{number:02}:30", str(number))]
    # The 19th of 20 is at 10:18:30; of one alone it is that one; a whole minute stays.
    assert nationwide(scans, as_of="22:00")["completion_p95"] == "2026-11-20T10:19:00.000+09:00"
    assert nationwide(scans[:2], as_of="22:00")["completion_p95"] == "2026-11-20T10:01:00.000+09:00"
    whole = [registered(), scan("DELIVERED", "10:00")]
    assert nationwide(whole, as_of="22:00")["completion_p95"] == "2026-11-20T10:00:00.000+09:00"
    assert nationwide([registered()], as_of="22:00")["completion_p95"] is None


def test_completions_after_the_deadline_and_invoices_carried_over() -> None:
    dawn = {"wave": "DAWN", "promised_at": "07:00"}
    scans = [registered("1", **dawn), scan("DELIVERED", "07:00", "1")]
    scans += [registered("2", **dawn), scan("DELIVERED", "07:00:00.001", "2")]
    scans += [registered("3", **dawn), registered("4"), registered("5", wave="OTHER")]
    before, then = (nationwide(scans, as_of=time) for time in ("10:59:59.999", "11:00"))
    assert (before["after_deadline"], before["carried_over"]) == (1, 0)
    assert (then["after_deadline"], then["carried_over"]) == (1, 1)
    # DAY by its row and OTHER without a row both end with the date.
    assert nationwide(scans, as_of="21 03:59:59.998")["carried_over"] == 1
    assert nationwide(scans, as_of="21 03:59:59.999")["carried_over"] == 3


def test_a_given_table_of_waves_replaces_the_shipped_one() -> None:
    waves = "country,wave,deadline,next_day\nTW,DAY,09:00,false\nKR,DAY,01:30,true\nKR,DAWN,23:59:59,false\n"
    scans = [registered(), scan("DELIVERED", "21 01:30:00.001"), registered("2"), scan("DELIVERED", "21 01:30", "2")]
    scans += [registered("3", wave="DAWN"), scan("DELIVERED", "23:59:59.999", "3")]
    assert nationwide(scans, as_of="21 12:00", master={"waves.csv": waves})["after_deadline"] == 1


def test_undelivered_by_reason_and_group() -> None:
    scans = [registered(str(number)) for number in range(1, 6)]
    scans += [
        scan("ATTEMPT_FAILED", "11:00", "1", reason="고객부재"),
        scan("ATTEMPT_FAILED", "11:00", "2", reason="기상"),
    ]
    scans += [scan("ATTEMPT_FAILED", "11:00", "3", reason="개"), scan("LOADED", "09:00", "4")]
    found = nationwide(scans, as_of="21:00")
    assert found["undelivered"] == 5
    assert found["m5"] == {"NOT_ARRIVED": 1, "NO_ATTEMPT": 1, "개": 1, "고객부재": 1, "기상": 1}
    assert found["m5_groups"] == {"customer": 1, "force-majeure": 1, "not-attempted": 2, "unknown": 1}
    assert found["m5_shares"] == dict.fromkeys(found["m5"], 0.2)
    assert found["m5_group_shares"] == {
        "customer": 0.2, "force-majeure": 0.2, "not-attempted": 0.4, "unknown": 0.2,
    }  # fmt: skip
    none = nationwide([registered()], as_of="12:00")
    assert (none["undelivered"], none["m5_groups"], none["m5_shares"], none["m5_group_shares"]) == (0, {}, {}, {})


def test_a_given_table_of_reasons_replaces_the_shipped_one() -> None:
    reasons = "reason,group,customer\n개,customer,true\n"
    scans = [registered(), scan("ATTEMPT_FAILED", "11:00", reason="개")]
    scans += [registered("2"), scan("ATTEMPT_FAILED", "11:00", "2", reason="고객부재")]
    found = nationwide(scans, as_of="21:00", master={"reasons.csv": reasons})
    assert found["m5_groups"] == {"customer": 1, "unknown": 1}
    assert (found["m1_base"], found["m1_adjusted_base"]) == (2, 1)


@pytest.mark.parametrize(
    ("code", "arrived"),
    [("ASSIGNED", 0), ("ARRIVED_CAMP", 1), ("LOADED", 1), ("DEPARTED", 1), ("ATTEMPT_FAILED", 1), ("DELIVERED", 1)],
)
def test_an_arrival_or_a_later_scan_that_proves_it(code: str, arrived: int) -> None:
    found = nationwide([registered(), scan(code, "10:00"), registered("2")], as_of="12:00")
    assert (found["arrived"], found["due"], found["arrival_rate"]) == (arrived, 2, arrived / 2)


def test_the_load_gap_is_what_a_friend_held_at_departure_without_having_loaded_it() -> None:
    scans = [registered(str(number)) for number in range(1, 7)]
    scans += [scan("ASSIGNED", "08:00", str(number)) for number in (1, 2, 3, 5)]
    scans += [scan("LOADED", "08:30", "1"), scan("DEPARTED", "09:00", "1")]  # loaded in time
    scans += [scan("LOADED", "09:30", "2")]  # loaded after the departure: missing then
    scans += [scan("ASSIGNED", "09:10", "3", friend_id="F2")]  # held then, missing; another's now
    scans += [scan("ASSIGNED", "09:10", "4")]  # not held then
    scans += [scan("ASSIGNED", "08:40", "5", friend_id="F2")]  # F2 never departs
    nodes = table(scans, as_of="12:00")
    assert (nodes["nationwide:KR"]["load_assigned"], nodes["nationwide:KR"]["load_gap"]) == (3, 2)
    # It stands with whom the invoice is at T.
    assert (nodes["friend:C1/F1"]["load_assigned"], nodes["friend:C1/F1"]["load_gap"]) == (2, 1)
    assert (nodes["friend:C1/F2"]["load_assigned"], nodes["friend:C1/F2"]["load_gap"]) == (1, 1)
    # What is loaded at the very instant of the departure is loaded.
    at_once = [registered(), scan("ASSIGNED", "08:00"), scan("LOADED", "09:00"), scan("DEPARTED", "09:00", "9")]
    assert nationwide(at_once, as_of="12:00")["load_gap"] == 0
    # The first departure counts: F1's route starts before anything is loaded.
    started = [planned("SHIFT_PLANNED", "08:00", "20:00"), friend_event("ROUTE_STARTED", "08:15")]
    assert nationwide(scans, started, as_of="12:00")["load_gap"] == 4


def returned(code: str, time: str, number: str = "1", **fields: Any) -> Record:
    return scan(code, time, number, **({"direction": "RETURN"} | fields))


def test_stages_of_returns() -> None:
    scans: list[Record] = []
    for number, pickup in (("1", "10:00"), ("2", "10:00:01"), ("3", "12:00")):
        scans += [requested(number, made="09:00", prerefund=number != "3"), returned("PICKED_UP", pickup, number)]
    scans += [returned("RECEIVED_WAREHOUSE", "13:00"), returned("COMPLETED", "15:00"), returned("REFUNDED", "09:30")]
    scans += [returned("REFUNDED", "12:00", "3")]
    found = nationwide(scans, as_of="20:00", direction="RETURN")
    assert found["return_request_to_pickup"] == {"median": 61, "p90": 180, "n": 3}
    assert found["return_pickup_to_warehouse"] == {"median": 180, "p90": 180, "n": 1}
    assert found["return_warehouse_to_completed"] == {"median": 120, "p90": 120, "n": 1}
    # Refunded before the pickup: no minutes. The third is not pre-refund eligible.
    assert found["return_refund_latency"] == {"median": 0, "p90": 0, "n": 1}


def test_a_stage_with_an_end_of_unknown_time_of_day_is_not_known() -> None:
    scans = [requested(made="09:00"), returned("PICKED_UP", "20:00", event_time="2026-11-20")]
    found = nationwide(scans, as_of="21:00", direction="RETURN")
    assert found["completed"] == 1
    assert found["return_request_to_pickup"] == {"median": None, "p90": None, "n": 0}


def test_withdrawn_by_policy_counts_whoever_removed_it_first_and_also_what_is_no_longer_due() -> None:
    scans = [requested(), returned("WITHDRAWN", "10:00", by="POLICY"), returned("WITHDRAWN", "11:00", by="SELLER")]
    scans += [requested("2"), returned("WITHDRAWN", "21:00", "2", by="POLICY")]
    scans += [requested("3"), returned("WITHDRAWN", "10:00", "3", by="SELLER")]
    scans += [returned("WITHDRAWN", "10:05", "3", by="POLICY")]
    scans += [requested("4"), returned("WITHDRAWN", "10:00", "4", by="POLICY"), returned("PICKED_UP", "11:00", "4")]
    found = nationwide(scans, as_of="22:00", direction="RETURN")
    assert (found["m2_withdrawn_by_policy"], found["due"], found["closed"]) == (2, 2, 1)
