"""Which boards are made when: those looked at at every tick, the others now and then; and what is at hand on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dashboard_fake import FakeBoard

from aggregations.question import Question
from aggregations.reader import Reader
from aggregations.snapshot import Snapshots
from dashboard.keeping import Keeping
from dashboard.live import Screens
from dashboard.place import Place
from dashboard.reader_board import ReaderBoard
from hubstat.errors import EngineError, QueryError

TODAY, TOMORROW = date(2026, 11, 20), date(2026, 11, 21)


class Boards(Snapshots):
    """Makes boards, and notes of which date and when (ms). takes: how long one takes, ms; fails: what it raises while
    set."""

    def __init__(self) -> None:
        self.now, self.takes = 1_000_000, 0
        self.made: list[tuple[date, int]] = []
        self.fails: Exception | None = None
        self.reader = cast(Reader, SimpleNamespace(clock=lambda: self.now, active_dates=lambda: [TODAY]))
        super().__init__(self.reader, 2.0)

    def _make(self, service_date: date, last: Any) -> Any:
        if self.fails is not None:
            raise self.fails
        self.made.append((service_date, self.now))
        board = SimpleNamespace(moment=SimpleNamespace(as_of=self.now), service_date=service_date)
        self.now += self.takes
        return board


@pytest.fixture
def boards() -> Boards:
    return Boards()


@pytest.fixture
def keeping(boards: Boards) -> Keeping:
    return Keeping(boards, boards.reader)


def as_of(keeping: Keeping, day: date = TODAY) -> int:
    found: int = keeping.snapshot(day).moment.as_of
    return found


def test_while_nobody_keeps_them_who_asks_makes_what_is_due(boards: Boards, keeping: Keeping) -> None:
    assert as_of(keeping) == 1_000_000
    boards.now += 2_000
    assert as_of(keeping) == 1_002_000


def test_who_asks_for_what_is_kept_is_given_what_is_there(boards: Boards, keeping: Keeping) -> None:
    keeping.keep()
    boards.now += 3_000
    assert as_of(keeping) == 1_000_000
    keeping.keep()
    assert as_of(keeping) == 1_003_000
    boards.now += 10_000
    assert as_of(keeping) == 1_013_000, "one that is old is shown to nobody"


def test_dates_that_are_looked_at_are_made_at_every_tick_the_others_now_and_then(
    boards: Boards, keeping: Keeping
) -> None:
    assert keeping.keep() == 8.0
    boards.now += 7_999
    keeping.keep()
    assert boards.made == [(TODAY, 1_000_000)]
    boards.now += 1
    keeping.keep()
    assert boards.made == [(TODAY, 1_000_000), (TODAY, 1_008_000)]
    assert not keeping.looked_at.is_set()
    keeping.snapshot(TOMORROW)
    assert keeping.looked_at.is_set()
    boards.made.clear()
    assert keeping.keep() == 2.0
    for _ in range(4):
        boards.now += 2_000
        keeping.keep()
    assert boards.made == [
        *((TOMORROW, at) for at in (1_010_000, 1_012_000, 1_014_000)),
        (TODAY, 1_016_000),
        (TOMORROW, 1_016_000),
    ]
    boards.now += 45_001
    boards.made.clear()
    keeping.keep()
    assert boards.made == [(TODAY, boards.now)], "nobody looks at tomorrow any more"


def test_when_the_next_snapshot_is_expected_is_known_once_they_are_kept(boards: Boards, keeping: Keeping) -> None:
    keeping.snapshot(TODAY)
    assert keeping.next_in(TODAY) is None, "it is made when somebody asks"
    keeping.keep()
    assert keeping.next_in(TOMORROW) is None
    boards.now += 500
    assert keeping.next_in(TODAY) == (1_500, 2_000)
    boards.takes = 3_000
    boards.now += 1_500
    keeping.keep()
    # It was there 3 s after its moment; the next one begins 3.3 s after that, and takes as long.
    assert keeping.next_in(TODAY) == (3_300, 3_300)
    boards.now += 4_000
    assert keeping.next_in(TODAY) == (-700, 3_300)


def test_what_fails_is_met_by_those_who_ask_until_it_goes_again(boards: Boards, keeping: Keeping) -> None:
    keeping.keep()
    keeping.snapshot(TODAY)
    boards.now += 2_000
    boards.fails = EngineError("Elasticsearch does not answer")
    with pytest.raises(EngineError):
        keeping.keep()
    with pytest.raises(EngineError):
        keeping.snapshot(TODAY)
    boards.fails = None
    assert as_of(keeping) == 1_002_000
    boards.now += 2_000
    keeping.keep()
    boards.now += 500
    assert as_of(keeping) == 1_004_000


def test_who_prepares_a_board_and_asks_for_the_latest_is_given_it(boards: Boards) -> None:
    found = []
    boards._prepare = lambda board: found.extend([boards.latest(TODAY) is board, boards.current(TODAY) is board])
    boards.current(TODAY)
    assert found == [True, True], "and it does not wait for itself"


def test_a_first_board_that_took_long_is_shown_while_the_second_one_is_made(boards: Boards) -> None:
    make = boards._make

    def slowly(service_date: date, last: Any) -> Any:
        board = make(service_date, last)
        boards.now += 12_000
        return board

    boards._make = slowly  # type: ignore[method-assign]
    first = boards.current(TODAY)
    assert boards.latest(TODAY) is first
    assert boards.due(TODAY) < boards.now, "the second one is due at once"


class Asked:
    """A board that notes what it is asked."""

    def __init__(self, day: date, gone: str | None = None) -> None:
        self.service_date = day
        self.moment = SimpleNamespace(as_of=5_000, known_at=5_000)
        self.forecast, self.generation, self.data_to = None, 1, None
        self.gone = gone
        self.shown_: list[str] = []

    def shown(self, viewer: Any, question: Question) -> Any:
        self.shown_.append(question.level)
        if question.level == self.gone:
            raise QueryError("the master data have no such hub")
        return SimpleNamespace(rows=())


def test_what_viewers_asked_of_a_board_is_at_hand_on_the_next_ones() -> None:
    reader = SimpleNamespace(clock=lambda: 1, country="KR", zone=None, active_dates=lambda: [TODAY], store=None)
    board = ReaderBoard(cast(Reader, reader), 2.0)
    prepare = cast(Any, board)._prepare
    told: list[int] = []
    board.prepare(lambda moment: told.append(moment.as_of))
    moment = board._live(cast(Any, Asked(TODAY)))
    cast(Any, board)._board = lambda moment: Asked(TODAY)
    for level in ("region", "camp"):
        board.nodes(Place(), moment, level, None)
    seen = []
    for _ in range(4):
        new = Asked(TODAY)
        prepare(new)
        seen.append(new.shown_)
    assert seen == [["camp", "region"]] * 3 + [[]], "as long as somebody may still look at them"
    assert told == [5_000] * 4
    for level in ("region", "camp"):
        board.nodes(Place(), moment, level, None)
    other = Asked(TOMORROW)
    prepare(other)
    assert other.shown_ == []
    gone, new = Asked(TODAY, gone="region"), Asked(TODAY)
    prepare(gone)
    prepare(new)
    assert (gone.shown_, new.shown_) == (["camp", "region"], ["camp"]), "what cannot be answered is not asked again"
    board.close()


def test_screens_that_are_looked_at_are_built_before_they_are_shown() -> None:
    board = FakeBoard()
    screens = Screens(board)
    (prepare,) = board.prepares
    place = Place()
    screens.look(place, "light", screens.moment(place))
    screens.build(Place("camp", "C101"), "light", screens.moment(place))  # for a file: nobody looks at it
    built, made = [], screens._build

    def noted(place: Place, theme: Any, moment: Any, before: Any) -> Any:
        built.append(moment.as_of)
        return made(place, theme, moment, before)

    screens._build = noted  # type: ignore[method-assign]
    prepare(replace(screens.moment(place), as_of=board.now + 2_000))
    assert built == [], "no figure has changed"
    moments = []
    for _ in range(4):
        board.now += 2_000
        board.generation += 1
        moments.append(screens.moment(place))
        prepare(moments[-1])
    assert built == [moment.as_of for moment in moments[:3]]
    screens.build(place, "light", moments[2])
    assert len(built) == 3, "it was there already"
    prepare(replace(moments[3], day=TOMORROW))
    assert len(built) == 3
