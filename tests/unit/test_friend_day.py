"""Friend-days worked out by hand: idle, efficiency, silence, status, routes, breaks; and breaks never add idle."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from shift_day import DATE, MINUTE, at, day, detail, event, planned_break, recorded_break, scan, shift

from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.domain.friendday import Effort, Route, Work
from hubstat.domain.log import Fact

SHIFT = shift("10:00", "21:00")
STARTED = event("ROUTE_STARTED", "10:00")
ENDED = event("ROUTE_ENDED", "21:00")
# Area A, wave DAY: an allowance of 20 min.
TWENTY = Baselines(DATE, 1, {("A", "DAY"): 20 * MINUTE}, {}, {})
BATCH = [scan("10:40", "b1"), scan("10:40:20", "b2"), scan("10:40:40", "b3")]


def test_nothing_of_the_date_is_no_friend_day() -> None:
    other = shift("+1 10:00", "+1 21:00", service_date="2026-11-21")
    assert detail([other], []) is None
    assert detail([], []) is None


def test_idle_uses_the_allowance_of_the_area_and_wave() -> None:
    # Gaps of 50 min and 18 min. Allowance 15: 35 + 3 = 38 idle. Allowance 20: 30 + 0 = 30.
    work = [scan("10:10"), scan("11:00"), scan("11:18")]
    assert day([SHIFT], work).idle == 38 * MINUTE
    assert day([SHIFT], work, baselines=TWENTY, areas={"C1": "A"}).idle == 30 * MINUTE
    assert day([SHIFT], work, baselines=TWENTY, areas={"C1": "B"}).idle == 38 * MINUTE
    assert day(
        [], [scan(w, wave="DAWN") for w in ("10:10", "11:00", "11:18")], baselines=TWENTY, areas={"C1": "A"}
    ).idle == (38 * MINUTE)


def test_gaps_say_what_is_excluded_and_what_remains() -> None:
    # 10:10 to 11:40 = 90 min, of which 60 are a break: 30 remain, 15 of them idle.
    found = detail([SHIFT, *recorded_break("10:20", "11:20")], [scan("10:10"), scan("11:40")])
    assert found is not None
    (gap,) = found.runs[0].gaps
    assert (gap.start, gap.end) == (at("10:10"), at("11:40"))
    assert [part // MINUTE for part in (gap.excluded, gap.remainder, gap.allowance, gap.idle)] == [60, 30, 15, 15]
    assert gap.counted


def test_a_batch_is_outside_idle_and_efficiency() -> None:
    # On road 10:00 to 11:00 = 60 min. Batch 10:40:00 to 10:40:40; the gap before it from 10:10. So 10:10:00 to
    # 10:40:40 is out of efficiency: 60 min − 30 min 40 s = 29 min 20 s. Stops: 10:10, three of the batch, 11:00;
    # two are effective. Idle: 30 min before the batch are none; 10:40:40 to 11:00 = 19 min 20 s, less 15 = 4 min 20 s.
    found = detail([SHIFT, STARTED], [scan("10:10"), *BATCH, scan("11:00")])
    assert found is not None
    run = found.runs[0]
    assert run.batches == [(at("10:40"), at("10:40:40"))]
    assert [gap.counted for gap in run.gaps] == [False, False, False, True]
    assert (found.day.net_on_road, found.day.stops, found.day.batch_scans) == (60 * MINUTE, 5, 1)
    assert found.day.efforts == (Effort("DAY", 1_760_000, 2),)
    assert found.day.idle == 260_000


def test_a_stop_with_one_scan_in_a_batch_is_not_effective() -> None:
    # 10:36 and 10:40 at one doorstep within 10 min are one stop; its second scan lies in the batch.
    found = detail([SHIFT], [scan("10:36", "b1"), *BATCH])
    assert found is not None
    assert [(stop.address_key, stop.effective) for stop in found.runs[0].stops] == [
        ("b1", False),
        ("b2", False),
        ("b3", False),
    ]
    assert found.day.efforts == (Effort("DAY", 0, 0),)


def test_two_doorsteps_in_a_minute_are_no_batch() -> None:
    assert day([SHIFT], [scan("10:40", "b1"), scan("10:40:20", "b2"), scan("10:40:40", "b1")]).batch_scans == 0
    assert day([SHIFT], [scan("10:40", "x"), scan("10:40:20", None), scan("10:40:40", None)]).batch_scans == 1


def test_efforts_are_added_by_wave() -> None:
    # Runs of three waves, of 10, 20 and 5 min with two stops each; then two runs of one wave, 10 + 5 min, 4 stops.
    facts = [
        shift("-1 22:00", "-1 23:00", wave="DAWN"),
        shift("04:00", "05:00", wave="DAWN2"),
        shift("12:00", "13:00"),
    ]
    work = [scan("-1 22:00"), scan("-1 22:10"), scan("04:00"), scan("04:20"), scan("12:00"), scan("12:05")]
    found = day(facts, work)
    assert found.efforts == (
        Effort("DAWN", 10 * MINUTE, 2),
        Effort("DAWN2", 20 * MINUTE, 2),
        Effort("DAY", 5 * MINUTE, 2),
    )
    assert (found.runs, found.waves, found.last_wave) == (3, ("DAWN", "DAWN2", "DAY"), "DAY")
    unplanned = [
        scan("02:00", wave="DAWN"),
        scan("02:10", wave="DAWN"),
        scan("12:00", wave="DAWN"),
        scan("12:05", wave="DAWN"),
    ]
    assert day([], unplanned).efforts == (Effort("DAWN", 15 * MINUTE, 4),)  # two runs, 10 h apart


def test_wave_of_a_run_without_a_shift_is_that_of_most_activities() -> None:
    votes = [scan("10:00", wave=None), scan("10:05", wave=None), scan("10:10", wave="B"), scan("10:15", wave="A")]
    assert day([], votes).waves == ("A",)  # a tie; the first two do not vote
    assert day([], [*votes, scan("10:20", wave="B")]).waves == ("B",)
    assert day([], [scan("10:00", wave=None)]).efforts == (Effort(None, 0, 1),)


def test_silence_leaves_a_break_that_reaches_t_out() -> None:
    # Last scan 13:00, break from 13:10 not ended, T 14:00: 60 − 50 = 10 min; over at 13:40 instead: 60 − 30 = 30 min.
    work = [scan("10:10"), scan("13:00")]
    open_break = day([SHIFT, STARTED, event("BREAK_STARTED", "13:10")], work, "14:00")
    assert (open_break.silence, open_break.silent_long) == (10 * MINUTE, False)
    ended_break = day([SHIFT, STARTED, *recorded_break("13:10", "13:40")], work, "14:00")
    assert (ended_break.silence, ended_break.silent_long) == (30 * MINUTE, True)


def test_a_planned_break_counts_in_silence_only_where_none_is_recorded() -> None:
    # Last scan 13:00, T 14:00, planned 13:00 to 13:30. Without a recorded break 30 min remain, with one all 60.
    facts, work = [SHIFT, STARTED, planned_break("13:00", "13:30")], [scan("10:10"), scan("13:00")]
    assert day(facts, work, "14:00").silence == 30 * MINUTE
    assert day([*facts, *recorded_break("12:00", "12:30")], work, "14:00").silence == 60 * MINUTE


def test_silence_is_long_only_beyond_the_allowance_of_the_run() -> None:
    # 20 min without a scan: longer than 15, not longer than the allowance of 20.
    facts, work = [SHIFT, STARTED], [scan("10:10"), scan("13:00")]
    assert day(facts, work, "13:20").silent_long
    assert not day(facts, work, "13:20", baselines=TWENTY, areas={"C1": "A"}).silent_long
    assert day(facts, work, "13:20:01", baselines=TWENTY, areas={"C1": "A"}).silent_long


def test_who_ended_never_departed_or_went_on_is_not_silent() -> None:
    assert day([SHIFT, STARTED, ENDED], [scan("10:10")]).silence is None
    assert day([SHIFT], [scan("10:10")], "14:00").silence is None
    tomorrow = shift("+1 10:00", "+1 21:00", service_date="2026-11-21")
    assert day([SHIFT, STARTED, tomorrow], [scan("10:10"), scan("+1 10:30")], "+1 11:00").silence is None


def test_status_of_a_friend() -> None:
    # T of each line in turn: nothing yet, absent, working without a departure, out, ended, started again.
    absent = event("ABSENT", "09:00", service_date=DATE)
    departure = scan("10:30", code="DEPARTED")
    assert day([SHIFT], [], "09:00").status == "not_started"
    assert day([SHIFT, absent], [], "09:30").status == "absent"
    assert day([SHIFT, absent], [scan("10:10")], "11:00").status == "worked"
    assert day([SHIFT], [departure], "11:00").status == "out"
    assert day([SHIFT, STARTED], [scan("10:10")], "11:00").status == "out"
    assert day([SHIFT, STARTED, ENDED], [scan("10:10")], "21:00").status == "back"
    assert day([SHIFT, STARTED, ENDED, event("ROUTE_STARTED", "21:30")], [scan("10:10")], "22:00").status == "out"


def test_the_last_run_decides_the_status() -> None:
    # Out at dawn without an end, then by day without a departure: neither out nor back.
    facts = [shift("03:00", "05:00", wave="DAWN"), SHIFT, event("ROUTE_STARTED", "03:00")]
    assert day(facts, [scan("03:30")], "09:00").status == "out"
    assert day(facts, [scan("03:30"), scan("10:30")], "11:00").status == "worked"
    # With the day's route ended: back, since there was a departure; without any departure none of both.
    assert day([*facts, ENDED], [scan("03:30"), scan("10:30")], "21:00").status == "back"
    assert day([SHIFT, ENDED], [scan("10:30")], "21:00").status == "worked"


def test_a_friend_without_a_run_has_no_work_and_the_camp_of_the_shift() -> None:
    facts = [shift("13:00", "21:00", camp_id="C2"), shift("04:00", "07:00", wave="DAWN", camp_id=None)]
    found = day(facts, [], "03:00")
    assert (found.runs, found.planned, found.camp, found.last_wave) == (0, True, "C2", "DAWN")
    assert (found.starts_at, found.shift_end) == (at("04:00"), at("21:00"))
    assert (found.on_road, found.idle, found.stops, found.worked, found.net) == (0, 0, 0, {}, {})
    assert set(found.excluded.values()) == {0}
    assert (found.silence, found.first_departure, found.last_activity) == (None, None, None)


def test_an_absence_counts_on_its_service_date_whenever_it_was_told() -> None:
    told = event("ABSENT", "-1 00:00", service_date=DATE, camp_id="C3")
    early = event("ABSENT", "-5 09:00", service_date=DATE, camp_id="C3")
    for absence in (told, early):
        found = day([absence], [])
        assert (found.status, found.planned, found.camp) == ("absent", False, "C3")
    assert day([event("ABSENT", "08:00")], []).status == "absent"
    assert detail([event("ABSENT", "08:00", service_date="2026-11-21")], []) is None


def test_a_route_departs_at_its_own_start() -> None:
    # R1 planned 10:00 and started twice, first at 10:07; R2 planned 15:00, not started; R3 belongs to the day after.
    facts = [
        SHIFT,
        event("ROUTE_PLANNED", "-1 12:00", route_id="R1", planned_from="10:00", planned_to="14:00", camp_id="C2"),
        event("ROUTE_PLANNED", "-1 12:00", route_id="R2", planned_from="15:00", planned_to="18:00", camp_id=None),
        event("ROUTE_PLANNED", "-1 12:00", route_id="R3", planned_from="+1 10:00", planned_to="+1 18:00"),
        event("ROUTE_PLANNED", "-1 12:00", planned_from="16:00", planned_to="18:00"),
        event("ROUTE_STARTED", "10:07", route_id="R1"),
        event("ROUTE_STARTED", "12:00", route_id="R1"),
    ]
    assert day(facts, [scan("10:10")]).routes == (
        Route("R1", "C2", at("10:00"), at("10:07")),
        Route("R2", "C1", at("15:00"), None),
    )
    assert day(facts, [scan("10:10")], "10:06").routes[0].departed is None


def test_the_last_plan_of_a_route_counts() -> None:
    plans = [
        event("ROUTE_PLANNED", time, route_id="R1", planned_from=start, planned_to="20:00")
        for time, start in (("-1 12:00", "10:00"), ("-1 13:00", "11:00"))
    ]
    found = day([*plans, event("ROUTE_STARTED", "11:10", route_id="R1")], [])
    assert found.routes == (Route("R1", "C1", at("11:00"), at("11:10")),)
    assert (found.status, found.runs, found.planned) == ("none", 0, False)  # nothing but a route


def test_without_route_ids_a_route_departs_with_the_run_of_its_wave() -> None:
    # Runs: DAWN departed 04:05, DAY departed 10:30. A plan without a wave takes the earliest of them.
    facts = [
        shift("04:00", "05:00", wave="DAWN"),
        SHIFT,
        event("ROUTE_PLANNED", "-1 12:00", route_id="R1", wave="DAY", planned_from="10:00", planned_to="21:00"),
        event("ROUTE_PLANNED", "-1 12:00", route_id="R2", planned_from="04:00", planned_to="21:00"),
        event("ROUTE_PLANNED", "-1 12:00", route_id="R3", wave="NIGHT", planned_from="20:00", planned_to="21:00"),
    ]
    work = [scan("04:05", code="DEPARTED"), scan("10:30", code="DEPARTED"), scan("11:00")]
    assert [r.departed for r in day(facts, work).routes] == [at("10:30"), at("04:05"), None]
    named = [*facts, event("ROUTE_STARTED", "10:20", route_id="R9")]
    assert [r.departed for r in day(named, work).routes] == [None, None, None]


def test_first_departure_is_the_earliest_of_all_runs() -> None:
    facts = [shift("04:00", "05:00", wave="DAWN"), SHIFT, STARTED]
    assert day(facts, [scan("04:05", code="DEPARTED"), scan("10:30")]).first_departure == at("04:05")
    assert day([SHIFT], [scan("10:30")]).first_departure is None


def test_stops_by_hour_are_those_of_the_first_scan() -> None:
    # One doorstep at 10:55 and 11:01 is one stop, of 10:00; the two completions count in their own hours.
    found = day([SHIFT], [scan("10:55", "x"), scan("11:01", "x"), scan("11:30")])
    hour = at("10:00") // tm.HOUR
    assert (found.stops_by_hour, found.worked) == ({hour: 1, hour + 1: 1}, {hour: 1, hour + 1: 2})


def test_the_last_net_hour_skips_breaks() -> None:
    # On road 10:00 to 13:00, break 12:00 to 12:40. Backwards: 12:40 to 13:00 = 20 min, 11:20 to 12:00 = 40 min.
    # It begins at 11:20: the stops of 11:20, 11:50 and 13:00 are in it, that of 11:19 is not.
    facts = [SHIFT, STARTED, *recorded_break("12:00", "12:40")]
    found = day(facts, [scan("10:10"), scan("11:19"), scan("11:20"), scan("11:50"), scan("13:00")], "13:10")
    assert (found.recent_stops, found.recent_net) == (3, 60 * MINUTE)


def test_the_last_net_hour_goes_back_into_the_run_before() -> None:
    # Runs of 04:00 to 04:50 and 12:00 to 12:20: 20 min of the latter, 40 of the former, from 04:10 on: 3 stops.
    facts = [shift("04:00", "05:00", wave="DAWN"), shift("12:00", "21:00")]
    work = [scan("04:00"), scan("04:30"), scan("04:50"), scan("12:00", code="DEPARTED"), scan("12:20")]
    found = day(facts, work, "12:30")
    assert (found.recent_stops, found.recent_net) == (3, 60 * MINUTE)


def test_less_than_an_hour_is_all_there_is() -> None:
    found = day([SHIFT], [scan("10:10"), scan("10:30")], "10:40")
    assert (found.recent_stops, found.recent_net) == (2, 20 * MINUTE)
    alone = day([SHIFT], [scan("10:10")], "10:40")
    assert (alone.recent_stops, alone.recent_net) == (0, 0)


def test_remaining_break_is_planned_less_taken() -> None:
    # Planned 13:00 to 14:00 and 17:00 to 17:30: 90 min. A plan of another time of day belongs to no shift.
    facts = [SHIFT, planned_break("13:00", "14:00"), planned_break("17:00", "17:30"), planned_break("02:00", "03:00")]
    work = [scan("10:10")]
    assert day(facts, work, "12:00").remaining_break == 90 * MINUTE
    assert day(facts, work, "13:20").remaining_break == 70 * MINUTE  # none recorded: 20 planned minutes have passed
    taking = [*facts, event("BREAK_STARTED", "13:10")]
    assert day(taking, work, "13:20").remaining_break == 80 * MINUTE  # 10 taken by T
    expected = [*facts, event("BREAK_STARTED", "13:10", until="14:10")]
    assert day(expected, work, "13:20").remaining_break == 80 * MINUTE  # what is to come is not taken yet
    before = [*facts, *recorded_break("07:50", "08:10")]
    assert day(before, work, "12:00").remaining_break == 80 * MINUTE  # since 2 h before the shift: 10 of 20
    taken = [*facts, *recorded_break("12:00", "14:30")]
    assert day(taken, work, "15:00").remaining_break == 0  # 150 taken, never below 0
    assert day(facts[1:], work, "12:00").remaining_break == 0  # no shift


_minute = st.integers(0, 11 * 60)


@st.composite
def _shift_with_work(draw: st.DrawFn) -> tuple[list[Work], tuple[int, int], list[tuple[int, int]]]:
    """Work in a shift, a break of at least 30 min, and other breaks that do not touch it; minutes since 10:00."""
    times = draw(st.lists(st.tuples(_minute, st.sampled_from([0, 20, 40])), min_size=1, max_size=14, unique=True))
    work = [
        scan(
            f"{10 + minute // 60}:{minute % 60:02}:{second:02}",
            draw(st.sampled_from(["x", "y", "z", None])),
            draw(st.sampled_from(["DELIVERED", "ATTEMPT_FAILED", "PICKED_UP", "DEPARTED"])),
            promised_from=draw(st.one_of(st.none(), _minute.map(lambda m: at("10:00") + m * MINUTE))),
        )
        for minute, second in times
    ]
    start = draw(_minute)
    found = (start, start + draw(st.integers(30, 120)))
    others = draw(st.lists(st.tuples(_minute, st.integers(1, 60)), max_size=2))
    apart: list[tuple[int, int]] = []
    for low, length in others:
        if all(low + length < left or low > right for left, right in [found, *apart]):
            apart.append((low, low + length))
    return work, found, apart


def _clock(minute: int) -> str:
    return f"{(600 + minute) // 60}:{minute % 60:02}"


@settings(max_examples=400, deadline=None)
@given(
    drawn=_shift_with_work(),
    planned_shift=st.booleans(),
    started=st.booleans(),
    ended=st.booleans(),
    allowance=st.integers(15, 40),
)
def test_a_legal_break_never_adds_idle(
    drawn: tuple[list[Work], tuple[int, int], list[tuple[int, int]]],
    planned_shift: bool,
    started: bool,
    ended: bool,
    allowance: int,
) -> None:
    """Of at least 30 min, recorded or planned, at any time; nobody takes two breaks at once.

    Others are recorded where it is recorded: where a break is recorded, planned ones no longer count.
    """
    work, (low, high), others = drawn
    known = Baselines(DATE, 1, {("A", "DAY"): allowance * MINUTE}, {}, {})
    facts = [SHIFT] * planned_shift + [STARTED] * started + [ENDED] * ended
    recorded = [fact for start, end in others for fact in recorded_break(_clock(start), _clock(end))]
    planned = [planned_break(_clock(start), _clock(end)) for start, end in others]

    def idle(breaks: list[Fact]) -> int:
        return day([*facts, *breaks], work, baselines=known, areas={"C1": "A"}).idle

    assert idle([*recorded, *recorded_break(_clock(low), _clock(high))]) <= idle(recorded)
    assert idle([*planned, planned_break(_clock(low), _clock(high))]) <= idle(planned)
    assert idle([*recorded, planned_break(_clock(low), _clock(high))]) <= idle(recorded)
