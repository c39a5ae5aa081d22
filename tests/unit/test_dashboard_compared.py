"""The moments of the board over the reader, and what is compared with them: read in the background, once for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from aggregations.reader import Reader
from dashboard.board import Moment
from dashboard.compared import Compared
from dashboard.place import Place
from dashboard.reader_board import ReaderBoard
from hubstat.domain import time as tm
from hubstat.errors import EngineError

ZONE = ZoneInfo("Asia/Seoul")
DAY = date(2026, 11, 20)
NOON = int(datetime(2026, 11, 20, 12, tzinfo=ZONE).timestamp() * 1000)


class Clockwork:
    """A reader of which nothing but the time is asked."""

    country, zone, now = "KR", ZONE, NOON

    def clock(self) -> int:
        return self.now

    def active_dates(self) -> list[date]:
        return [DAY]


def earlier(as_of: int) -> Moment:
    return Moment(DAY, as_of, as_of, None, str(as_of), False, True, "1")


def until(asked: Callable[[], Moment | None]) -> Moment:
    """What is given at last."""
    for _ in range(200):
        if (found := asked()) is not None:
            return found
        time.sleep(0.01)
    raise AssertionError("nothing was given")


@pytest.mark.parametrize("place", [Place(day=date(2026, 11, 12)), Place(as_of=NOON - 12_345), Place(known_at=NOON)])
def test_a_fixed_moment_stays_the_same_for_a_minute(place: Place) -> None:
    reader = Clockwork()
    board = ReaderBoard(cast(Reader, reader), 2.0)
    reader.now = NOON + 2_000
    first = board.moment(place)
    reader.now = NOON + 58_000
    assert board.moment(place) == first
    assert first.known_at >= first.as_of
    if place.as_of is not None:
        assert first.as_of == place.as_of
    board.close()


@pytest.mark.parametrize("compare", ["week", "yesterday", "closed"])
def test_a_comparison_of_a_closed_date_is_read_once(compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, read = Clockwork(), []
    board = ReaderBoard(cast(Reader, reader), 2.0)
    monkeypatch.setattr(board, "nodes", lambda place, other, level, hub: read.append((level, other.as_of)))
    place = Place(day=date(2026, 11, 12), compare=compare)

    def asked() -> Moment | None:
        reader.now += 61_000 if reader.now < NOON + 9 * tm.MINUTE - 61_000 else 0
        return board.compared(place, board.moment(place))

    until(asked)
    assert len(read) == 4
    board.close()


def test_a_live_screen_is_compared_with_the_same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    board = ReaderBoard(cast(Reader, Clockwork()), 2.0)
    monkeypatch.setattr(board, "nodes", lambda *_: ())
    now = Moment(DAY, NOON + 9 * tm.MINUTE + 30_000, NOON + 9 * tm.MINUTE + 30_000, None, "1", True, True, "1")
    found = until(lambda: board.compared(Place(compare="week"), now))
    assert now.as_of - 7 * tm.DAY - found.as_of == 30_000
    board.close()


def test_what_could_not_be_read_is_tried_again() -> None:
    failing = [EngineError("no engine")]

    def read(place: Place, other: Moment) -> None:
        if failing:
            raise failing.pop()

    compared = Compared(read)
    with pytest.raises(EngineError, match="no engine"):
        until(lambda: compared.at(Place(), earlier(1), live=False))
    assert until(lambda: compared.at(Place(), earlier(1), live=False)) == earlier(1)
    compared.close()


def test_a_live_screen_shows_the_last_one_read_while_the_next_is_read() -> None:
    going, read = threading.Event(), []

    def slowly(place: Place, other: Moment) -> None:
        if other.as_of:
            going.wait(5)
        read.append(other.as_of)

    compared = Compared(slowly)
    assert until(lambda: compared.at(Place(), earlier(0), live=True)).as_of == 0
    for minute in range(1, 9):
        found = compared.at(Place(), earlier(minute * tm.MINUTE), live=True)
        assert found is not None
        assert found.as_of == 0
    assert compared.at(Place(), earlier(11 * tm.MINUTE), live=True) is None
    assert compared.at(Place(wave="DAWN"), earlier(0), live=True) is None
    going.set()
    until(lambda: compared.at(Place(wave="DAWN"), earlier(0), live=True))
    assert read == [0, tm.MINUTE, 0]
    compared.close()


def test_what_is_projected_is_listed_at_the_projections_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    board = ReaderBoard(cast(Reader, Clockwork()), 2.0)
    asked = []

    class Found:
        figure, lines = 0, ()

    @contextmanager
    def listing(viewer: Any, question: Any, metric: str, scope: Any) -> Any:
        asked.append((metric, question.as_of))
        yield Found()

    monkeypatch.setattr(board._prover, "listing", listing)
    moment = replace(earlier(NOON), live=True, projected_at=NOON - 30_000)
    for metric in ("m1_at_risk", "due"):
        with board.listing(Place(), moment, metric) as found:
            assert found.as_of == asked[-1][1]
    assert asked == [("m1_at_risk", NOON - 30_000), ("due", NOON)]
    board.close()


def test_a_slow_board_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    board = ReaderBoard(cast(Reader, Clockwork()), 2.0)
    going, began = threading.Event(), threading.Event()

    def made(reader: Any, day: date, moment: Any) -> Any:
        if moment.as_of == 1:
            began.set()
            going.wait(5)
        return moment.as_of

    monkeypatch.setattr("dashboard.reader_board.board_at", made)
    slow = threading.Thread(target=lambda: board._board(earlier(1)))
    slow.start()
    assert began.wait(5)
    quick: list[Any] = []
    other = threading.Thread(target=lambda: quick.append(board._board(earlier(2))))
    other.start()
    other.join(2)
    held = not quick
    going.set()
    slow.join()
    other.join()
    board.close()
    assert not held
