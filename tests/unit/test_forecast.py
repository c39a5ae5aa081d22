"""When a forecast is made anew, and what a Friend's strip is made of."""

from __future__ import annotations

import threading
import time
from datetime import date
from typing import Any, cast

import pytest

from aggregations.day import Day
from aggregations.forecast import Forecasts, Rest, left_ahead
from aggregations.question import Moment
from dashboard.reader_parts import split_at
from dashboard.trail import Trail

DAY = date(2026, 11, 20)
SECOND = 1_000


class Made:
    """Counts the days made; each takes ``takes`` ms of the clock."""

    def __init__(self, takes: int) -> None:
        self.now, self.takes, self.count = 0, takes, 0

    def clock(self) -> int:
        return self.now

    def __call__(self, rest: Rest) -> Day:
        self.count += 1
        self.now += self.takes
        return cast(Day, object())


def at(forecasts: Forecasts, made: Made, now: int, generation: int) -> Any:
    made.now = max(made.now, now)
    found = forecasts.current(DAY, Moment(now, now), generation, made)
    return None if found is None else found.moment.as_of


def test_a_forecast_is_made_when_a_figure_changed_or_a_minute_has_gone_by() -> None:
    made = Made(takes=10)
    forecasts = Forecasts(made.clock, 5.0)
    assert at(forecasts, made, 0, 1) == 0
    assert at(forecasts, made, 2 * SECOND, 1) == 0
    assert at(forecasts, made, 4 * SECOND, 2) == 4 * SECOND
    assert at(forecasts, made, 59 * SECOND, 2) == 4 * SECOND
    assert at(forecasts, made, 60 * SECOND, 2) == 60 * SECOND
    assert made.count == 3
    forecasts.close()


def test_a_forecast_that_takes_long_is_made_seldom() -> None:
    made = Made(takes=4 * SECOND)
    forecasts = Forecasts(made.clock, 5.0)
    assert at(forecasts, made, 0, 1) == 0
    assert at(forecasts, made, 39 * SECOND, 2) == 0
    assert at(forecasts, made, 40 * SECOND, 2) == 40 * SECOND
    forecasts.close()


def test_a_forecast_that_cannot_be_made_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    made = Made(takes=1)
    forecasts = Forecasts(made.clock, 5.0)

    def fails(rest: Rest) -> Day:
        raise ValueError("no baselines")

    assert forecasts.current(DAY, Moment(0, 0), 1, fails) is None
    assert "no baselines" in caplog.text
    assert at(forecasts, made, SECOND, 1) == SECOND
    assert forecasts.current(DAY, Moment(2 * SECOND, 2 * SECOND), 2, fails) is not None
    assert at(forecasts, made, 3 * SECOND, 2) == 3 * SECOND, "the one before stays meanwhile"
    forecasts.close()


def test_a_forecast_that_nobody_looks_for_does_not_count_as_slow() -> None:
    made = Made(takes=10)
    forecasts = Forecasts(made.clock, 0.0)
    going = threading.Event()

    def waits(rest: Rest) -> Day:
        going.wait()
        return made(rest)

    assert forecasts.current(DAY, Moment(0, 0), 1, waits) is None
    going.set()
    forecasts._pool.submit(lambda: None).result()
    made.now += 3_600 * SECOND
    assert at(forecasts, made, 3_600 * SECOND, 1) == 0
    forecasts._patience = 5.0
    assert at(forecasts, made, 3_602 * SECOND, 1) == 3_602 * SECOND
    forecasts.close()


def work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_what_takes_long_leaves_most_of_the_time_to_others_and_what_is_short_does_not() -> None:
    rest = Rest(threading.Event())
    rest()
    assert rest.rested == 0, "it has hardly begun"
    work(0.2)
    rest()
    assert rest.rested == 0, "that is short"
    work(0.15)
    rest()
    before = rest.rested
    assert before >= 9 * 50, "what was more than 0.3 s"
    work(0.05)
    rest()
    assert rest.rested - before >= 9 * 50
    after = rest.rested
    rest()
    assert rest.rested == after


def test_who_closes_does_not_wait_for_what_rests() -> None:
    forecasts, began, over = Forecasts(lambda: 0, 0.0), threading.Event(), threading.Event()

    def rests(rest: Rest) -> Day:
        began.set()
        try:
            while True:
                work(0.4)
                rest()
        finally:
            over.set()

    assert forecasts.current(DAY, Moment(0, 0), 1, rests) is None
    assert began.wait(5)
    forecasts.close()
    assert over.is_set()


def test_rests_do_not_count_as_work() -> None:
    made = Made(takes=3 * SECOND)
    forecasts = Forecasts(made.clock, 5.0)

    def rests(rest: Rest) -> Day:
        rest.rested = 2 * SECOND
        return made(rest)

    assert forecasts.current(DAY, Moment(0, 0), 1, rests) is not None
    assert at(forecasts, made, 9 * SECOND, 2) == 0
    assert at(forecasts, made, 10 * SECOND, 2) == 10 * SECOND
    forecasts.close()


def test_the_allowance_of_a_gap_is_its_first_part_without_excluded_time() -> None:
    assert split_at([(0, 10), (20, 40)], 15) == ([(0, 10), (20, 25)], [(25, 40)])
    assert split_at([(0, 10)], 15) == ([(0, 10)], [])


def test_a_trail_keeps_one_sample_a_minute() -> None:
    trail = Trail()
    for second in (0, 30, 60, 61):
        trail.record("KR", second * SECOND, {"due": 10 + second, "m1_late_open": second}, "m1")
    trail.record("KR", 0, {"due": 1}, "m1")
    assert trail.samples("KR", "due") == [(30 * SECOND, 40), (61 * SECOND, 71)]
    assert [value for _, value in trail.samples("KR", "late_open")] == [30, 61]
    assert trail.samples("KR", "at_risk") == []
    assert trail.samples("elsewhere", "due") == []


def test_what_was_done_since_is_no_longer_ahead_the_earliest_hours_first() -> None:
    assert left_ahead({15: 90, 16: 400, 17: 10}, 0, 15) == {15: 90, 16: 400, 17: 10}
    assert left_ahead({15: 90, 16: 400, 17: 10}, 100, 15) == {16: 390, 17: 10}
    assert left_ahead({15: 90, 16: 400, 17: 10}, 0, 16) == {16: 400, 17: 10}
    assert left_ahead({15: 90}, -5, 15) == {15: 90}
