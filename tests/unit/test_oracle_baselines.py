"""What the oracle measures a date against: allowances, standards, plan shares; each computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from oracle_records import DAY, MASTER, Record, at, friend_event, planned, registered, scan, table

from hubstat.oracle import Network, Records
from hubstat.oracle.compute import Baselines

MINUTE = 60_000


def baselines(scans: list[Record], events: list[Record] | None = None, hubs: str | None = None) -> Baselines:
    records = Records("KR")
    records.read_invoices(scans)
    records.read_friends(events or [])
    assert records.dead_letters.total() == 0
    return records.baselines(DAY, Network({"hubs.csv": hubs or MASTER["hubs.csv"]}, "KR"))


def work(day: str, time: str, number: str, **fields: Any) -> Record:
    return scan("DELIVERED", f"{day} {time}", f"{day}-{number}", **(dated(day) | fields))


def dated(day: str) -> dict[str, str]:
    """The service date and wave of ``[MM-]DD``."""
    return {"service_date": f"2026-{day if '-' in day else '11-' + day}", "wave": "DAY"}


def test_the_allowance_is_the_95th_percentile_of_the_remainders_of_the_area_and_wave() -> None:
    scans = [work("18", "10:00", "0"), work("18", "10:40", "1"), work("18", "11:00:01", "2")]
    # Remainders of 40 and 21 (rounded up) minutes: place ⌈0.95 × 2⌉ = 2.
    assert baselines(scans).allowances == {("A1", "DAY"): 40 * MINUTE}
    other = [
        work("18", "10:00", "8", friend_id="F9", camp_id="C3"),
        work("18", "10:20", "9", friend_id="F9", camp_id="C3"),
    ]
    found = baselines([*scans, *other])
    assert found.allowances == {("A1", "DAY"): 40 * MINUTE, ("A2", "DAY"): 20 * MINUTE}


def test_of_twenty_remainders_the_nineteenth_counts_and_at_least_15_minutes() -> None:
    scans = [work("18", "08:00", "0")]
    minutes = 8 * 60
    for number in range(1, 21):
        minutes += 2 * number  # gaps of 2, 4, … 40 minutes
        scans.append(work("18", f"{minutes // 60:02}:{minutes % 60:02}", str(number)))
    assert baselines(scans).allowances == {("A1", "DAY"): 38 * MINUTE}
    assert baselines(scans[:6]).allowances == {("A1", "DAY"): 15 * MINUTE}
    assert baselines(scans[:1]).allowances == {}


def test_excluded_time_and_gaps_before_a_batch_take_no_part() -> None:
    scans = [work("18", "10:00", "0"), work("18", "11:00", "1")]
    scans += [work("18", f"12:00:{second:02}", str(second)) for second in (10, 20, 30)]
    locked = [friend_event("APP_LOCKED", "18 10:10"), friend_event("APP_UNLOCKED", "18 10:40")]
    found = baselines(scans, locked)
    assert found.allowances == {("A1", "DAY"): 30 * MINUTE}
    # Net: 30 minutes up to 11:00; the hour before the batch and the batch are out, so are its three stops.
    assert found.standards == {("A1", "DAY"): 15 * MINUTE}


@pytest.mark.parametrize(("day", "counts"), [("19", False), ("18", True), ("10-22", True), ("10-21", False)])
def test_the_history_is_of_the_dates_29_to_2_days_before(day: str, counts: bool) -> None:
    found = baselines([work(day, "10:00", "1"), work(day, "10:40", "2")])
    assert bool(found.allowances) is bool(found.standards) is counts


def test_what_was_received_after_the_closing_moves_nothing() -> None:
    late = (work("18", "10:30", "3")[0], at("19 12:00:00.001"))
    scans = [work("18", "10:00", "1"), work("18", "10:40", "2")]
    assert baselines([*scans, late]).allowances == {("A1", "DAY"): 40 * MINUTE}
    just = (late[0], at("19 12:00"))
    assert baselines([*scans, just]).allowances == {("A1", "DAY"): 30 * MINUTE}


def test_the_standard_is_the_median_of_net_time_a_stop_over_friend_days() -> None:
    scans = [work("18", "10:00", "1"), work("18", "11:00", "2")]  # 30 minutes a stop
    scans += [work("17", "10:00", "1"), work("17", "10:40", "2")]  # 20
    assert baselines(scans).standards == {("A1", "DAY"): 20 * MINUTE}  # of two the first
    scans += [work("16", "10:00", "1"), work("16", "10:50", "2")]  # 25
    assert baselines(scans).standards == {("A1", "DAY"): 25 * MINUTE}
    assert baselines([work("18", "10:00", "1")]).standards == {}  # no time at all is no standard


def test_the_wave_of_a_run_is_its_shift_s_else_that_of_most_activities() -> None:
    scans = [
        work("18", "10:00", "1", wave="B"),
        work("18", "10:30", "2", wave="A"),
        work("18", "11:00", "3", wave=None),
    ]
    assert set(baselines(scans).standards) == {("A1", "A")}
    shift = planned("SHIFT_PLANNED", "18 09:00", "18 20:00", made="17 12:00", wave="C", service_date="2026-11-18")
    assert set(baselines(scans, [shift]).standards) == {("A1", "C")}
    assert baselines([work("18", "10:00", "1", wave=None), work("18", "11:00", "2", wave=None)]) == ({}, {}, {})


def test_the_area_is_the_one_of_the_day_of_the_work() -> None:
    hubs = "camp_id,area_id,region_id,country,valid_from,valid_to\nC1,OLD,R1,KR,2026-01-01,2026-11-18\n"
    scans = [work("17", "10:00", "1"), work("17", "10:30", "2"), work("18", "10:00", "1"), work("18", "10:40", "2")]
    found = baselines(scans, hubs=hubs + "C1,NEW,R1,KR,2026-11-18,\n")
    assert found.allowances == {("OLD", "DAY"): 30 * MINUTE, ("NEW", "DAY"): 40 * MINUTE}
    assert set(baselines(scans, hubs=hubs).allowances) == {("OLD", "DAY")}  # nobody's area takes no part


def test_idle_time_and_efficiency_are_measured_against_the_history() -> None:
    history = [work("18", "10:00", "0"), work("18", "10:40", "1")]  # allowance 40 minutes, standard 20 a stop
    today = [work("20", "10:00", "1"), work("20", "10:50", "2"), work("20", "11:10", "3")]
    found = table([*history, *today], as_of="22:00")["camp:C1"]
    assert found["idle_minutes"] == 10
    assert (found["standard_minutes"], found["efficiency_net_minutes"], found["efficiency_stops"]) == (60, 70, 3)
    assert found["efficiency"] == pytest.approx(60 / 70)
    other = [work("20", "10:00", "8", wave="NEW", friend_id="F2"), work("20", "10:20", "9", wave="NEW", friend_id="F2")]
    found = table([*history, *today, *other], as_of="22:00")["camp:C1"]
    assert found["idle_minutes"] == 10 + 5  # a wave without history is allowed 15 minutes
    assert (found["efficiency_net_minutes"], found["efficiency_stops"]) == (70, 3)
    found = table(today, as_of="22:00")["camp:C1"]
    assert (found["standard_minutes"], found["efficiency"], found["efficiency_stops"]) == (0, None, 0)


def due(day: str, number: str, done: str | None, **fields: Any) -> list[Record]:
    """An invoice of a date, and its completion."""
    made = registered(f"{day}-{number}", f"{day} 20:00", "10-20 09:00", **(dated(day) | fields))
    return [made] if done is None else [made, scan("DELIVERED", done, f"{day}-{number}", **fields)]


def test_plan_shares_are_medians_over_the_same_weekdays_place_by_place() -> None:
    scans = due("13", "1", "13 10:00") + due("13", "2", "13 11:59:59.999") + due("13", "3", None) + due("13", "4", None)
    scans += due("12", "1", "12 09:00")  # not the same weekday
    shares = baselines(scans).shares
    assert list(shares) == [("C1", "DELIVERY", "DAY")]
    curve = shares["C1", "DELIVERY", "DAY"]
    assert len(curve) == 72
    # The place of 10:00–11:00 of the date is 24 + 10.
    assert (curve[33], curve[34], curve[35], curve[71]) == (0, 0.25, 0.5, 0.5)
    scans += due("11-06", "1", "11-06 10:30") + due("10-30", "1", "10-30 11:30")
    curve = baselines(scans).shares["C1", "DELIVERY", "DAY"]
    assert (curve[33], curve[34], curve[35], curve[36]) == (0, 0.25, 1, 1)  # of 0.25 1 0 and of 0.5 1 1


def test_what_was_removed_or_superseded_was_not_due() -> None:
    scans = due("13", "1", "13 10:30") + due("13", "2", None) + [scan("CANCELLED", "13 09:00", "13-2")]
    scans += [*due("13", "3", None), registered("new", "21 20:00", "13 09:00", replaces="13-3")]
    assert baselines(scans).shares["C1", "DELIVERY", "DAY"][34] == 1
    late = [registered("new", "21 20:00", "14 12:00:00.001", replaces="13-3")]  # only after the closing
    assert baselines(scans[:-1] + late).shares["C1", "DELIVERY", "DAY"][34] == 0.5


def test_each_date_is_as_it_was_known_at_its_own_closing() -> None:
    scans = [work("17", "10:00", "1"), work("17", "10:40", "2", event_id="done")]
    corrected = scan("CORRECTED", "18 12:00:00.001", "17-2", event_id="x", corrects="done")
    assert baselines([*scans, corrected]).allowances == {("A1", "DAY"): 40 * MINUTE}  # the 17th was closed
    in_time = scan("CORRECTED", "18 12:00", "17-2", event_id="x", corrects="done")
    assert baselines([*scans, in_time]).allowances == {}


def test_the_plan_of_a_hub() -> None:
    history = due("13", "1", "13 10:30") + due("13", "2", "13 12:30")
    history += due("13", "3", "13 09:30", camp_id="C2") + due("13", "4", "12 23:30", camp_id="C2")
    scans = [*history]
    for number, camp in enumerate(["C1", "C1", "C1", "C1", "C2", "C2", "C3"]):
        scans.append(registered(str(number), camp_id=camp))
    nodes = table(scans, as_of="12:15")
    by_hour = {"2026-11-20T10": 2.0, "2026-11-20T11": 2.0, "2026-11-20T12": 4.0}
    assert nodes["camp:C1"]["plan_by_hour"] == by_hour
    assert (nodes["camp:C1"]["plan"], nodes["camp:C1"]["plan_due"]) == (2.5, 4)
    assert (nodes["camp:C3"]["plan"], nodes["camp:C3"]["plan_by_hour"], nodes["camp:C3"]["plan_due"]) == (None, None, 0)
    found = nodes["nationwide:KR"]
    assert (found["plan"], found["plan_due"], found["due"]) == (4.5, 6, 7)
    assert found["plan_by_hour"] == {
        "2026-11-19T23": 1, **{f"2026-11-20T{hour:02}": 1 for hour in range(9)},
        "2026-11-20T09": 2, "2026-11-20T10": 4, "2026-11-20T11": 4, "2026-11-20T12": 6,
    }  # fmt: skip
    assert nodes["friend:C1/unassigned"]["plan"] is None
    assert table(scans, as_of="12:15", direction="RETURN")["camp:C1"]["plan"] is None


@pytest.mark.parametrize(
    ("as_of", "plan"),
    [("19 12:00", 0), ("10:00", 0), ("10:30", 1), ("11:00", 2), ("12:00", 2), ("22 00:00", 4), ("22 12:00", 4)],
)
def test_the_plan_at_an_instant_is_linear_between_the_ends_of_hours(as_of: str, plan: float) -> None:
    scans = due("13", "1", "13 10:30") + due("13", "2", "13 12:30")
    scans += [registered(str(number)) for number in range(4)]
    assert table(scans, as_of=as_of)["camp:C1"]["plan"] == plan


def test_without_history_a_date_stands_alone() -> None:
    records = Records("KR")
    records.read_invoices([work("18", "10:00", "0"), work("18", "10:40", "1"), work("20", "10:00", "1")])
    records.read_invoices([work("20", "10:40", "2")])
    network = Network(MASTER, "KR")
    with_it, without = (
        records.figures(network, DAY, at("22:00"), at("22:00"), history=history)["DELIVERY"]["all"]["camp:C1"]
        for history in (True, False)
    )
    assert (with_it["idle_minutes"], without["idle_minutes"]) == (0, 25)


def test_records_read_later_are_in_the_baselines() -> None:
    records = Records("KR")
    network = Network(MASTER, "KR")
    records.read_invoices([work("18", "10:00", "0"), work("18", "10:40", "1")])
    assert records.baselines(DAY, network).allowances == {("A1", "DAY"): 40 * MINUTE}
    records.read_invoices([work("18", "11:40", "2")])
    assert records.baselines(DAY, network).allowances == {("A1", "DAY"): 60 * MINUTE}
