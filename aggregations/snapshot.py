"""The live board: one look per tick, shared by every viewer and every level."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from aggregations.board import Board
from aggregations.changes import CellCounts
from aggregations.crews import CrewWork
from aggregations.day import Day, View
from aggregations.elsewhere import Processes
from aggregations.forecast import Forecasts, Maker
from aggregations.frienddays import FriendDays
from aggregations.projecting import Projector
from aggregations.question import Moment
from aggregations.reader import Reader
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.friendday import FriendDay
from hubstat.domain.metric import Need

log = logging.getLogger(__name__)

# What a tick reads; other parts are read when a screen asks for them, at the same moment.
_EVERY_TICK: Final[frozenset[Need]] = frozenset({"invoices"})
_LOOKS: Final = 4
# Parts of a tick that are made beside its cells: the Friends' days, and what waits in either direction.
_PARTS: Final = 3
# A tick that takes long is made less often, so that making takes at most ten elevenths of the time. A longer pause
# would save nothing: the next tick folds what has changed since, the more the longer that is, and from some rate of
# events on each would take longer than the one before it, until every Friend-day is folded in each.
_LEAST_PAUSE: Final = 1.1
# Pauses, but no less than some time (ms), after which a board is too old to be shown while the next one is made.
_STILL_LATELY: Final = 3
_LEAST_LATELY: Final = 10_000
_FORGOTTEN_AFTER: Final = 5 * tm.MINUTE


class Snapshots:
    """Makes boards, at most one per interval and service date, however many ask.

    interval: ms. prepare: given each board before anybody is shown it, to have at hand what will be asked of it.
    processes: make of a large network what takes long; None: all is made here.
    """

    def __init__(
        self,
        reader: Reader,
        interval_seconds: float,
        prepare: Callable[[Board], None] | None = None,
        processes: Processes | None = None,
    ) -> None:
        self._reader = reader
        self._prepare = prepare
        self.interval = int(interval_seconds * 1000)
        self._lock = threading.Lock()
        self._making: dict[date, threading.Lock] = {}
        self._boards: dict[date, deque[Board]] = {}
        self._coming: dict[date, Board] = {}
        self._here = threading.local()
        self._took: dict[date, int] = {}
        self._first_took: dict[date, int] = {}
        self._friends: dict[date, _Friends] = {}
        self._cells: dict[date, CellCounts] = {}
        self._looks: dict[date, deque[ExitStack]] = {}
        self._forecasts = Forecasts(reader.clock, interval_seconds / 2)
        self._processes = processes
        self._parts = ThreadPoolExecutor(_PARTS, thread_name_prefix="tick")
        self._maker = Maker(reader, None if processes is None else Projector(processes.projecting))

    def current(self, service_date: date) -> Board:
        """The latest board of a service date, made anew where it is older than the interval.

        Who asks while somebody else makes the next one is given the last one, unless that is old; who is to prepare
        one is given that one.
        """
        if (coming := self._prepared_here(service_date)) is not None:
            return coming
        with self._lock:
            making = self._making.setdefault(service_date, threading.Lock())
            last = self._last(service_date)
        if last is None or last.moment.as_of <= self._oldest(service_date):
            making.acquire()
        elif not making.acquire(blocking=False):
            return last
        try:
            boards = self._boards.setdefault(service_date, deque(maxlen=_LOOKS))
            began = self._reader.clock()
            if not boards or began - boards[-1].moment.as_of >= self._pause(service_date):
                board = self._make(service_date, boards[-1] if boards else None)
                self._prepared(service_date, board)
                took = self._reader.clock() - began
                # The first one reads all there is, those after it what has changed: how long it took says nothing.
                self._took[service_date], self._first_took[service_date] = (took, 0) if boards else (0, took)
                boards.append(board)
                self._forget(began)
            return boards[-1]
        finally:
            making.release()

    def latest(self, service_date: date) -> Board:
        """The latest board as it is, for those who leave the making to somebody who calls ``current`` in time.

        It is made here where there is none, or the last one is old.
        """
        if (coming := self._prepared_here(service_date)) is not None:
            return coming
        last = self._last(service_date)
        if last is None or last.moment.as_of <= self._oldest(service_date):
            return self.current(service_date)
        return last

    def due(self, service_date: date) -> int:
        """When the next board of a date is to be made, ms; 0 where there is none."""
        last = self._last(service_date)
        return 0 if last is None else last.moment.as_of + self._pause(service_date)

    def next_ready(self, service_date: date) -> tuple[int, int] | None:
        """When the next board of a date is expected to be there, and how long after it the one after that, ms.

        None where there is none yet.
        """
        if self._last(service_date) is None:
            return None
        return self.due(service_date) + self._took.get(service_date, 0), self._pause(service_date)

    def _last(self, service_date: date) -> Board | None:
        boards = self._boards.get(service_date)
        return boards[-1] if boards else None

    def _prepared(self, service_date: date, board: Board) -> None:
        if self._prepare is None:
            return
        before = getattr(self._here, "board", None)
        self._coming[service_date] = self._here.board = board
        try:
            self._prepare(board)
        except Exception:  # whoever asks for it is told then
            log.exception("what is looked at could not be prepared")
        finally:
            del self._coming[service_date]
            self._here.board = before

    def _prepared_here(self, service_date: date) -> Board | None:
        """The board of a date that this very thread is preparing: it holds the lock that making one takes."""
        board: Board | None = getattr(self._here, "board", None)
        return board if board is not None and board.service_date == service_date else None

    def _oldest(self, service_date: date) -> int:
        """As-of (ms) up to which a board is too old to be shown while the next one is made."""
        lately = max(_LEAST_LATELY, _STILL_LATELY * self._pause(service_date))
        # The first one is old when it is there: the second is made of what came meanwhile.
        return self._reader.clock() - lately - _STILL_LATELY * self._first_took.get(service_date, 0)

    def _pause(self, service_date: date) -> int:
        """From the making of one board to that of the next, ms."""
        return max(self.interval, round(_LEAST_PAUSE * self._took.get(service_date, 0)))

    def recall(self, service_date: date, as_of: int) -> Board | None:
        """The board of a moment (ms), where it is one of the latest: a screen is read from one, however slowly."""
        boards = [*self._boards.get(service_date, ()), *filter(None, [self._coming.get(service_date)])]
        return next((board for board in boards if board.moment.as_of == as_of), None)

    def close(self) -> None:
        """End the processes, and close every look that is still open."""
        self._maker.close()
        if self._processes is not None:
            self._processes.close()
        self._forecasts.close()
        self._parts.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for look in itertools.chain.from_iterable(self._looks.values()):
                look.close()
            self._looks.clear()

    def _forget(self, now: int) -> None:
        """Let go of dates that nobody has looked at for a while."""
        with self._lock:
            for day, boards in list(self._boards.items()):
                if boards and now - boards[-1].moment.as_of > _FORGOTTEN_AFTER:
                    self._boards.pop(day, None)
                    self._friends.pop(day, None)
                    self._cells.pop(day, None)
                    self._took.pop(day, None)
                    self._first_took.pop(day, None)
                    self._forecasts.forget(day)
                    self._maker.forget(day)
                    for look in self._looks.pop(day, ()):
                        look.close()

    def _make(self, service_date: date, last: Board | None) -> Board:
        # Before the look is opened: what shows while it is read is not in it.
        data_to = self._reader.data_to(self._reader.clock())
        try:
            view, day, last_received, folded = self._read(service_date)
        except BaseException:
            # Half of a look is none: the next one reads all anew.
            self._friends.pop(service_date, None)
            self._cells.pop(service_date, None)
            raise
        unchanged = (
            last is not None
            and last.last_received == last_received
            and last.master.version == view.master.version
            and last.day.baselines.version == day.baselines.version
            and last.folded == folded
            and _figures(last.day) == _figures(day)
        )
        moment = day.moment
        generation = 1 if last is None else last.generation + (not unchanged)
        forecast = self._forecasts.current(day, generation, lambda: self._maker.make(day, folded))
        return Board(
            generation,
            service_date,
            moment,
            data_to,
            view.master,
            day,
            forecast,
            self._reader,
            view,
            last_received,
            folded,
        )

    def _read(self, service_date: date) -> tuple[View, Day, int | None, tuple[FriendDay, ...]]:
        """What a tick is made of: its look and day, the latest received time (ms), Friend-days without T."""
        with ExitStack() as look:
            view = look.enter_context(self._reader.view())
            # T is when the look is open: what it shows is not later than T then, and nothing of it has to be folded.
            now = self._reader.clock()
            moment = Moment(now, now)
            day = self._reader.day(view, service_date, moment)
            day.keep(view)
            friends = self._friends_of(day, view)
            with self._asides() as aside:
                folding = aside(friends.days.refresh, day, view)
                waiting = {
                    direction: aside(day.counter(view).waiting, "camp", direction, None) for direction in DIRECTIONS
                }
                counts = self._cells.setdefault(service_date, CellCounts(service_date.isoformat()))
                settled, last_received = counts.at(view.invoices, moment, day.context)
                day.give_settled(settled)
                with day.within(view):
                    for direction in DIRECTIONS:
                        day.counted("camp", direction, _EVERY_TICK)
                folded = folding.result()
                day.give_days(folded)
                day.give_work(friends.work.at(folded, moment.as_of, day.area_of))
                day.give_waiting({direction: of.result() for direction, of in waiting.items()})
            self._hold(service_date, look.pop_all())
        return view, day, last_received, folded

    def _friends_of(self, day: Day, view: View) -> _Friends:
        known = self._friends.get(day.service_date)
        versions = (day.baselines.version, view.master.version)
        if known is None or known.versions != versions:
            folding = None if self._processes is None else self._processes.folding
            days = FriendDays(day.service_date, self._reader.zone, folding)
            known = self._friends[day.service_date] = _Friends(versions, days, CrewWork(day.baselines))
        return known

    @contextmanager
    def _asides(self) -> Iterator[Callable[..., Future[Any]]]:
        """Have parts of a tick made side by side: they wait for Elsewhere and Elasticsearch most of the time.

        None of them goes on after the block, whatever was raised: its look is closed then.
        """
        begun: list[Future[Any]] = []

        def aside(part: Callable[..., Any], *arguments: Any) -> Future[Any]:
            begun.append(self._parts.submit(part, *arguments))
            return begun[-1]

        try:
            yield aside
        finally:
            wait(begun)

    def _hold(self, service_date: date, look: ExitStack) -> None:
        """Keep the look of a tick open for those who still ask the board of it something, a few ticks on."""
        looks = self._looks.setdefault(service_date, deque())
        looks.append(look)
        while len(looks) > _LOOKS + 1:  # the oldest board is shown until the one of this look is
            looks.popleft().close()


def _figures(day: Day) -> list[Any]:
    """Counts of a tick. Silence grows with every tick and is not among what makes a new generation."""
    counted = [day.counted("camp", direction, _EVERY_TICK) for direction in DIRECTIONS]
    return [*counted, *(day.all_waiting("camp", direction) for direction in DIRECTIONS)]


@dataclass(frozen=True)
class _Friends:
    """What is known of the Friends of a date. versions: of baselines and master data. work: adds their days up."""

    versions: tuple[int, int]
    days: FriendDays
    work: CrewWork
