"""When a forecast is made anew, where, and what a Friend's strip is made of."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
from example_day import DAY as EXAMPLE_DAY
from example_day import ExampleNetwork, moment_of
from proving import MemoryReader

from aggregations import forecast
from aggregations.board import board_at
from aggregations.day import Day
from aggregations.elsewhere import Abandoned
from aggregations.forecast import Forecasts, Maker, TooLong, Turn, left_ahead
from aggregations.projecting import Made as Projection
from aggregations.projecting import Projector
from aggregations.question import Moment
from aggregations.reader import Reader
from dashboard.reader_parts import split_at
from dashboard.trail import Trail
from hubstat.domain.friendday import FriendDay
from hubstat.examples import EXAMPLES

DAY = date(2026, 11, 20)
SECOND = 1_000


class Made:
    """Counts the projections made; each takes ``takes`` ms of the clock."""

    def __init__(self, takes: int) -> None:
        self.now, self.takes, self.count, self.rests = 0, takes, 0, 0

    def clock(self) -> int:
        return self.now

    def __call__(self) -> Projection:
        self.count += 1
        self.now += self.takes
        return Projection({}, self.rests)


def day_at(now: int) -> Day:
    return cast(Day, SimpleNamespace(service_date=DAY, moment=Moment(now, now)))


def at(forecasts: Forecasts, made: Made, now: int, generation: int) -> Any:
    made.now = max(made.now, now)
    found = forecasts.current(day_at(now), generation, made)
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

    def fails() -> Projection:
        raise ValueError("no baselines")

    assert forecasts.current(day_at(0), 1, fails) is None
    assert "no baselines" in caplog.text
    assert at(forecasts, made, 9 * SECOND, 1) is None, "it may cost as much each time"
    assert at(forecasts, made, 10 * SECOND, 1) == 10 * SECOND
    assert forecasts.current(day_at(12 * SECOND), 2, fails) is not None
    assert at(forecasts, made, 21 * SECOND, 2) == 10 * SECOND, "the one before stays meanwhile"
    assert at(forecasts, made, 22 * SECOND, 2) == 22 * SECOND
    forecasts.close()


def test_a_forecast_that_was_given_up_is_not_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    forecasts = Forecasts(lambda: 0, 5.0)

    def given_up() -> Projection:
        raise Abandoned

    assert forecasts.current(day_at(0), 1, given_up) is None
    assert not caplog.text
    forecasts.close()


def test_a_tick_waits_for_a_forecast_that_was_quick_the_last_time_and_for_no_other() -> None:
    made, going = Made(takes=0), threading.Event()
    forecasts = Forecasts(made.clock, 0.05)

    def waits() -> Projection:
        assert going.wait(5)
        made.now += 10 * SECOND
        return made()

    assert forecasts.current(day_at(0), 1, waits) is None
    going.set()
    forecasts._pool.submit(lambda: None).result()
    assert at(forecasts, made, 10 * SECOND, 1) == 0
    began = time.monotonic()
    going.clear()
    forecasts._patience = 5.0
    found = forecasts.current(day_at(200 * SECOND), 2, waits)
    assert found is not None
    assert found.moment.as_of == 0, "the one before is shown meanwhile"
    assert time.monotonic() - began < 2.5
    going.set()
    forecasts._pool.submit(lambda: None).result()
    assert at(forecasts, made, 201 * SECOND, 2) == 200 * SECOND
    forecasts.close()


def test_one_tick_waits_for_a_forecast_and_the_next_ones_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first forecast of a large network takes minutes: nothing is known yet of how long."""
    made, going = Made(takes=0), threading.Event()
    forecasts = Forecasts(made.clock, 0.05)
    waited: list[float] = []
    monkeypatch.setattr(forecast, "wait", lambda running, seconds: waited.append(seconds))

    def waits() -> Projection:
        assert going.wait(5)
        return made()

    for tick in range(3):
        assert forecasts.current(day_at(tick * SECOND), 1 + tick, waits) is None
    assert waited == [0.05, 0, 0]
    going.set()
    forecasts._pool.submit(lambda: None).result()
    assert at(forecasts, made, 3 * SECOND, 3) == 0
    going.clear()
    assert forecasts.current(day_at(4 * SECOND), 4, waits) is not None
    assert waited == [0.05, 0, 0, 0, 0.05]
    going.set()
    forecasts.close()


def test_what_fails_after_long_rests_is_tried_again_soon() -> None:
    made = Made(takes=1 * SECOND)
    forecasts = Forecasts(made.clock, 5.0)
    assert at(forecasts, made, 0, 1) == 0

    def fails_late() -> Projection:
        made.now += 90 * SECOND
        raise ValueError("the process died")

    assert forecasts.current(day_at(20 * SECOND), 2, fails_late) is not None
    assert at(forecasts, made, 111 * SECOND, 3) == 0, "it is begun, and not waited for"
    forecasts._pool.submit(lambda: None).result()
    assert at(forecasts, made, 112 * SECOND, 3) == 111 * SECOND
    forecasts.close()


def test_rests_do_not_count_as_work() -> None:
    made = Made(takes=4 * SECOND)
    made.rests = 3 * SECOND
    forecasts = Forecasts(made.clock, 5.0)
    assert at(forecasts, made, 0, 1) == 0
    assert at(forecasts, made, 9 * SECOND, 2) == 0
    assert at(forecasts, made, 10 * SECOND, 2) == 10 * SECOND
    forecasts.close()


def work(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_what_takes_long_or_is_wanted_no_more_is_given_up() -> None:
    ended = threading.Event()
    turn = Turn(ended, 0.05)
    turn()
    work(0.06)
    with pytest.raises(TooLong):
        turn()
    endless = Turn(ended, float("inf"))
    endless()
    ended.set()
    with pytest.raises(Abandoned):
        endless()


class Other:
    """In place of the other process: notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[date] = []

    def project(self, service_date: date, moment: Moment, folded: Sequence[FriendDay]) -> Projection:
        self.asked.append(service_date)
        return Projection({}, 7)


@pytest.fixture
def reader() -> MemoryReader:
    return MemoryReader(ExampleNetwork())


def example_day(reader: Reader) -> Day:
    looking_ahead = next(example for example in EXAMPLES if example.metric == "projected_finish")
    return board_at(reader, EXAMPLE_DAY, Moment(*moment_of(looking_ahead))).day


def test_a_small_network_is_projected_here(reader: MemoryReader) -> None:
    other, day = Other(), example_day(reader)
    made, rested = Maker(reader, cast(Projector, other)).make(day, day.days())
    assert not other.asked
    assert not rested
    assert sum(left.open_stops for part in made.values() for left in part.friends.values()) > 0
    assert made == Maker(reader, None).make(day, day.days()).projected


def test_what_takes_long_here_is_made_elsewhere_from_then_on(
    reader: MemoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "_HERE", 0.0)
    other, day = Other(), example_day(reader)
    maker = Maker(reader, cast(Projector, other))
    assert maker.make(day, day.days()) == ({}, 7)
    monkeypatch.setattr(forecast, "_HERE", 60.0)
    assert maker.make(day, day.days()) == ({}, 7)
    assert other.asked == [EXAMPLE_DAY] * 2
    maker.forget(EXAMPLE_DAY)
    assert maker.make(day, day.days()).projected != {}
    maker.close()
    with pytest.raises(Abandoned):
        maker.make(day, day.days())


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
