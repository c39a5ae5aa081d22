"""Projected finish, shortfall and spare stops, worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shift_day import DATE, MINUTE, at, day, event, planned_break, scan, shift

from hubstat.domain.baselines import NO_BASELINES, Baselines
from hubstat.domain.friendday import FriendDay
from hubstat.domain.projection import Pending, Projection, group_stops, project

DEADLINES = {"DAWN": at("07:00"), "DAY": at("20:00"), "LATE": at("23:00")}
AREAS: Mapping[str | None, str] = {"C1": "A", "C2": "B"}
# A stop takes 5 min by day and 10 min at dawn in area A, 4 min by day in area B.
STANDARDS = Baselines(
    DATE, 1, {}, {("A", "DAY"): 5.0 * MINUTE, ("A", "DAWN"): 10.0 * MINUTE, ("B", "DAY"): 4.0 * MINUTE}, {}
)


def left(number: int, promise: str = "20:00", key: str | None = "own", **fields: object) -> Pending:
    """An open invoice held by F1; at a doorstep of its own unless a key is stated."""
    whole = Pending(
        "C1", "F1", "DELIVERY", f"{number:03}", at(promise), "DAY", f"k{number:03}" if key == "own" else key
    )
    return replace(whole, **fields)  # type: ignore[arg-type]


def ahead(
    pending: Sequence[Pending], friend_day: FriendDay | None, as_of: str, baselines: Baselines = NO_BASELINES
) -> Projection:
    return project(
        pending,
        friend_day,
        as_of=at(as_of),
        baselines=baselines,
        area_of=AREAS.get,
        deadline_of=DEADLINES.__getitem__,
    )


def on_the_road(stops: int = 6, minutes: int = 30, *, baselines: Baselines = NO_BASELINES) -> FriendDay:
    """Out since 15:30 on a shift of 10:00 to 21:00, with so many stops evenly over so many minutes up to 16:00."""
    start = 16 * 60 - minutes
    times = [start + minutes * (place + 1) // stops for place in range(stops)]
    work = [scan(f"{time // 60}:{time % 60:02}") for time in times]
    started = event("ROUTE_STARTED", f"{start // 60}:{start % 60:02}")
    return day([shift("10:00", "21:00"), started], work, "16:00", baselines=baselines, areas=AREAS)


def test_one_doorstep_is_one_stop_in_the_order_of_its_first_invoice() -> None:
    pending = [
        left(1, "20:00", "z"),
        left(2, "18:00", "z", wave="LATE", direction="RETURN"),
        left(3, "19:00", None),
        left(4, "19:00", None),
        left(5, "19:00", "a"),
    ]
    # z by its invoice of 18:00; then 19:00 without a key by number; then 19:00 at a.
    stops = group_stops(pending)
    assert [[invoice.invoice_no for invoice in stop] for stop in stops] == [["002", "001"], ["003"], ["004"], ["005"]]
    assert stops[0][0].wave == "LATE"


def test_one_number_in_both_directions_without_a_key_is_two_stops() -> None:
    assert len(group_stops([left(1, key=None), left(1, key=None, direction="RETURN")])) == 2


def test_pace_without_a_standard_is_that_of_the_last_net_hour() -> None:
    # 6 stops in 30 min: 5 min each. From 16:00: 16:05, 16:10, 16:15.
    found = ahead([left(1), left(2), left(3)], on_the_road(), "16:00")
    assert found.pace == pytest.approx(6 / (30 * MINUTE))
    assert [stop.finish for stop in found.stops] == [at("16:05"), at("16:10"), at("16:15")]
    assert found.finish == at("16:15")


def test_pace_with_a_standard_counts_it_as_one_more_hour() -> None:
    # 6 stops in 30 min and 12 in the hour of the standard: 18 in 90 min, 5 min each; 10 stops: 22 in 90 min.
    found = ahead([left(1)], on_the_road(10), "16:00", STANDARDS)
    assert found.pace == pytest.approx((10 + 12) / (90 * MINUTE))
    assert found.finish == at("16:00") + int(90 * MINUTE / 22)
    assert ahead([left(1)], on_the_road(6), "16:00", STANDARDS).finish == pytest.approx(at("16:05"), abs=1)


def test_no_pace_without_a_standard_and_enough_work() -> None:
    # Net time of 9 min only; then 10 min, which is enough; then a Friend who did nothing.
    short = ahead([left(1)], on_the_road(3, 9), "16:00")
    assert (short.pace, short.finish, [stop.finish for stop in short.stops]) == (None, None, [None])
    assert (short.at_risk(), short.shortfall, short.can_help) == ([], 0.0, False)
    assert ahead([left(1)], on_the_road(2, 10), "16:00").finish == at("16:05")
    assert ahead([left(1)], None, "16:00").pace is None


def test_the_standard_is_of_the_last_run_else_the_shift_else_the_first_stop() -> None:
    pending = [left(1, camp="C2")]
    assert ahead(pending, on_the_road(), "16:00", STANDARDS).pace == pytest.approx(18 / (90 * MINUTE))
    planned = day([shift("03:00", "06:00", wave="DAWN")], [], "04:00", areas=AREAS)
    assert ahead(pending, planned, "04:00", STANDARDS).pace == pytest.approx(1 / (10 * MINUTE))
    assert ahead(pending, None, "16:00", STANDARDS).pace == pytest.approx(1 / (4 * MINUTE))


def test_a_friend_who_has_not_begun_starts_with_the_shift() -> None:
    # Planned 17:00, T 16:00: the first stop is done 5 min after 17:00; at T 17:30 it is 5 min after T.
    planned = [shift("17:00", "22:00")]
    assert ahead([left(1)], day(planned, [], "16:00"), "16:00", STANDARDS).finish == at("17:05")
    assert ahead([left(1)], day(planned, [], "17:30"), "17:30", STANDARDS).finish == at("17:35")


def test_a_break_that_is_left_comes_on_top() -> None:
    # Planned 18:00 to 18:30, T 16:00: every stop is 30 min later.
    facts = [shift("10:00", "21:00"), event("ROUTE_STARTED", "15:30"), planned_break("18:00", "18:30")]
    work = [scan("15:45"), scan("16:00")]
    found = ahead([left(1), left(2)], day(facts, work, "16:00"), "16:00")
    assert found.remaining_break == 30 * MINUTE
    assert [stop.finish for stop in found.stops] == [at("16:45"), at("17:00")]  # 2 stops in 30 min: 15 min each


def test_at_risk_is_what_is_promised_before_its_stop_is_done() -> None:
    # 5 min a stop from 16:00: 16:05 for the first, late already; 16:10, at risk by a minute; 16:15 on the dot; and at
    # the doorstep of the second one with more time.
    pending = [left(1, "15:59"), left(2, "16:09"), left(3, "16:15"), left(4, "19:00", "k002")]
    found = ahead(pending, on_the_road(), "16:00")
    assert [invoice.invoice_no for invoice in found.at_risk()] == ["002"]
    assert [stop.finish for stop in found.stops] == [at("16:05"), at("16:10"), at("16:15")]
    assert found.stops[1].invoices == (pending[1], pending[3])


def test_a_promise_of_this_moment_is_at_risk_not_late() -> None:
    assert [p.invoice_no for p in ahead([left(1, "16:00")], on_the_road(), "16:00").at_risk()] == ["001"]


def test_shortfall_of_two_waves() -> None:
    # 5 min a stop, T 19:30. DAY ends 20:00: 6 stops fit. LATE ends 23:00: 42 fit.
    # In order: 4 of DAY, 3 of LATE, 5 of DAY. Up to the last of DAY 12 stops, 6 fit: 6 short (of its 9).
    # Up to the last of LATE 7 stops, 42 fit: none short.
    friend_day = replace(on_the_road(), shift_end=None)
    pending = [left(n, "19:40") for n in range(4)]
    pending += [left(n, "19:50", wave="LATE") for n in range(10, 13)]
    pending += [left(n, "20:00") for n in range(20, 25)]
    assert ahead(pending, friend_day, "19:30").shortfall == pytest.approx(6.0)
    # At 19:57 0.6 stops fit before 20:00: 11.4 would be missing, but only 9 are of DAY.
    assert ahead(pending, friend_day, "19:57").shortfall == pytest.approx(9.0)
    # At 18:00 24 fit before 20:00.
    assert ahead(pending, friend_day, "18:00").shortfall == 0.0


def test_shortfall_is_a_part_of_a_stop() -> None:
    # 19:57: 0.6 of the one stop fits.
    assert ahead([left(1)], on_the_road(), "19:57").shortfall == pytest.approx(0.4)


def test_spare_stops_reach_to_the_end_of_the_shift_and_no_further() -> None:
    # 5 min a stop, T 16:00. Deadline 20:00: 48 stops fit, one is left to do: 47 to spare.
    # A shift until 16:11 leaves room for 2.2: 1.2 to spare; one until 16:09 for 1.8: none.
    found = on_the_road()
    for end, spare in ((at("21:00"), 47.0), (at("16:11"), 1.2), (at("16:09"), 0.0), (None, 47.0)):
        projection = ahead([left(1)], replace(found, shift_end=end), "16:00")
        assert (projection.can_help, projection.spare) == (spare >= 1, pytest.approx(spare))


def test_spare_reaches_to_the_latest_deadline_of_runs_and_stops() -> None:
    # Nothing left: until 20:00 by the wave of the run: 48. One of LATE left: until 23:00, 84 less one, cut at the
    # end of the shift, 21:00: 60 less one.
    found = on_the_road()
    assert ahead([], found, "16:00").spare == pytest.approx(48.0)
    assert ahead([left(1, wave="LATE")], found, "16:00").spare == pytest.approx(59.0)
    assert ahead([left(1, wave="LATE")], replace(found, shift_end=None), "16:00").spare == pytest.approx(83.0)


def test_a_break_is_no_time_to_help() -> None:
    # 30 min of break left: six stops fewer.
    found = replace(on_the_road(), remaining_break=30 * MINUTE)
    assert ahead([left(1)], found, "16:00").spare == pytest.approx(41.0)


def test_only_friends_who_are_out_can_help() -> None:
    back = replace(on_the_road(), status="back")
    assert (ahead([], back, "16:00").can_help, ahead([], back, "16:00").spare) == (False, 0.0)
    assert not ahead([], day([shift("10:00", "21:00")], [], "16:00", areas=AREAS), "16:00", STANDARDS).can_help
    assert not ahead([], None, "16:00", STANDARDS).can_help


def test_nothing_left_has_no_finish() -> None:
    found = ahead([], on_the_road(), "16:00")
    assert (found.stops, found.finish, found.shortfall, found.at_risk()) == ((), None, 0.0, [])


def test_it_counts_at_the_camp_of_the_friend_day_else_of_the_first_stop() -> None:
    pending = [left(1, "19:00", camp="C2"), left(2, "18:00", camp="C3")]
    assert ahead(pending, on_the_road(), "16:00").camp == "C1"
    assert ahead(pending, None, "16:00").camp == "C3"  # 18:00 comes first
    assert ahead(pending, replace(on_the_road(), camp=None), "16:00").camp == "C3"


@given(stops=st.integers(1, 30), pause=st.integers(0, 120), more=st.integers(0, 60))
def test_no_projection_shortens_a_break(stops: int, pause: int, more: int) -> None:
    """A longer break is worked off after it in full: every finish moves by its whole length."""
    pending = [left(n) for n in range(stops)]
    found = [
        ahead(pending, replace(on_the_road(), remaining_break=length * MINUTE), "16:00")
        for length in (pause, pause + more)
    ]
    moved = [late.finish - early.finish for early, late in zip(found[0].stops, found[1].stops, strict=True)]  # type: ignore[operator]
    assert moved == [more * MINUTE] * stops
    assert found[1].spare <= found[0].spare
    assert found[1].shortfall >= found[0].shortfall


def test_a_stop_is_not_done_before_its_promised_window_begins() -> None:
    # Standard 5 min, nothing done yet: 12 stops an hour. The first waits for 18:00, the second would be done at 16:10.
    pending = [left(1, "19:00", promised_from=at("18:00")), left(2)]
    found = ahead(pending, replace(on_the_road(), recent_stops=0, recent_net=0), "16:00", STANDARDS)
    assert [stop.finish for stop in found.stops] == [at("18:00"), at("16:10")]
    assert found.finish == at("18:00")
    assert found.at_risk() == []
    late = ahead([left(1, "17:30", promised_from=at("18:00"))], on_the_road(), "16:00", STANDARDS)
    assert [invoice.invoice_no for invoice in late.at_risk()] == ["001"]


def test_an_absent_friend_has_no_pace() -> None:
    found = ahead([left(1)], replace(on_the_road(), status="absent"), "16:00", STANDARDS)
    assert (found.pace, found.finish, found.shortfall) == (None, None, 0)
