"""A board over the example day: what is ahead after a projection, and slow reads that keep nobody waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from example_day import DAY, ExampleNetwork, moment_of
from proving import EVERYTHING, MemoryReader

from aggregations.board import Board, board_at
from aggregations.forecast import Forecast
from aggregations.question import Moment, Question
from hubstat.domain import time as tm
from hubstat.examples import EXAMPLES

LOOKING_AHEAD = next(example for example in EXAMPLES if example.metric == "projected_finish")
EVERYWHERE = Question("nationwide", DAY)


@pytest.fixture
def reader() -> MemoryReader:
    return MemoryReader(ExampleNetwork())


def hours(board: Board) -> dict[int, int]:
    return board.ahead(EVERYTHING, EVERYWHERE)


def done(board: Board) -> int:
    (row,) = board.answer(EVERYTHING, EVERYWHERE).rows
    found: int = row.figures["completed"]
    return found


def test_what_was_done_since_the_projection_is_not_ahead_once_more(reader: MemoryReader) -> None:
    then, known_at = moment_of(LOOKING_AHEAD)
    before = board_at(reader, DAY, Moment(then, known_at))
    assert sum(hours(before).values()) > 0
    later = next(
        board
        for minutes in range(10, 600, 10)
        if done(board := board_at(reader, DAY, Moment(then + minutes * tm.MINUTE, known_at + minutes * tm.MINUTE)))
        > done(before)
    )
    board = replace(later, forecast=Forecast(before.day))
    assert sum(hours(board).values()) <= max(0, sum(hours(before).values()) - (done(later) - done(before)))
    assert all(hour >= board.moment.as_of // tm.HOUR for hour in hours(board))


def test_a_camp_that_is_read_slowly_keeps_nobody_else_waiting(
    reader: MemoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = board_at(reader, DAY, Moment(*moment_of(LOOKING_AHEAD)))
    one, two = sorted(camp for camp in {day.camp for day in board.day.days()} if camp is not None)[:2]
    going, began, found = threading.Event(), threading.Event(), []

    def read(self: Board, view: Any, camp: str) -> Iterator[Any]:
        if camp == one:
            began.set()
            going.wait(5)
        yield camp

    monkeypatch.setattr(Board, "_read_details", read)
    slow = threading.Thread(target=board.details, args=(EVERYTHING, one))
    slow.start()
    assert began.wait(5)
    other = threading.Thread(target=lambda: found.append(board.details(EVERYTHING, two)))
    other.start()
    other.join(2)
    held = not found
    going.set()
    slow.join()
    other.join()
    assert not held
