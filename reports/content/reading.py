"""Reads the figures of a run: one board for each moment, one table for each level, shared by all hubs of the run."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from aggregations.board import Board, board_at
from aggregations.question import FigureRow, Moment, Question, Scope
from aggregations.reader import Reader, rows_of
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.metric import Need
from hubstat.domain.metrics import metrics_for
from reports.content.part import NO_FIGURES, Both

_KEPT: Final = 8
# A reading that was not complete is shared by the hubs of one run for so long (ms), or until it would be.
_INCOMPLETE_FOR: Final = tm.MINUTE
# Of a past moment what is compared: nothing that takes a projection, and no minutes.
_COMPARED: Final[frozenset[Need]] = frozenset({"invoices", "friends"})
_OF_FRIENDS: Final = (
    "due", "completed", "open", "completion", "m1_base", "m1_late", "m1_late_open", "m1_rate",
    "hourly_deliveries", "idle_minutes", "friend_days", "last_completed_at",
)  # fmt: skip

Rows = Mapping[str, FigureRow]


def reached(data_to: int | None, moment: Moment) -> bool:
    """Whether everything received by a moment's K is in, where all up to ``data_to`` (ms, None: unknown) is."""
    return data_to is not None and data_to >= moment.known_at


@dataclass
class Reading:
    """Everything of one service date at one (T, K). data_to: of the moment it was read at, ms; None = unknown."""

    reader: Reader
    board: Board
    read_at: int
    data_to: int | None
    _tables: dict[tuple[str, str, Direction, str], Rows] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def complete(self) -> bool:
        """Whether everything received by K was in."""
        return reached(self.data_to, self.board.moment)

    def whole(self, level: str, wave: str, direction: Direction) -> Rows:
        """Rows of a level by hub, with every figure."""
        return self._table(level, wave, direction, "whole", None)

    def rows(self, level: str, wave: str) -> Rows:
        """Rows of a level by hub, of either direction: what nobody placed is a row only where something is in it."""
        return {**self.whole(level, wave, "RETURN"), **self.whole(level, wave, "DELIVERY")}

    def sides(self, level: str, hub: str, wave: str) -> Both:
        """Every figure of one hub; none of a direction in which it is no row."""
        return _both(self.whole(level, wave, direction).get(hub) for direction in DIRECTIONS)

    def compared(self, level: str, wave: str, direction: Direction, backlog: bool) -> Rows:
        """Rows of a level by hub, with the figures that mails compare. backlog: with what waited then (M6)."""
        needs = _COMPARED | {"backlog"} if backlog else _COMPARED
        names = tuple(metric.id for metric in metrics_for(direction).values() if metric.needs in needs)
        return self._table(level, wave, direction, "backlog" if backlog else "compared", names)

    def both(self, level: str, hub: str, wave: str, backlog: bool) -> Both | None:
        """Compared figures of one hub; None where it was none then, or nothing is known of it."""
        found = _both(self.compared(level, wave, direction, backlog).get(hub) for direction in DIRECTIONS)
        return found if found.has_data else None

    def friends(self, camp: str, wave: str) -> list[FigureRow]:
        """The Friends of a camp with the figures that its mail lists; deliveries."""
        rows = self._table("friend", wave, "DELIVERY", "listed", _OF_FRIENDS)
        return [row for row in rows.values() if row.parent == camp]

    def _table(self, level: str, wave: str, direction: Direction, what: str, metrics: tuple[str, ...] | None) -> Rows:
        key = (level, wave, direction, what)
        with self._lock:
            if key not in self._tables:
                board = self.board
                question = Question(level, board.service_date, wave=wave, direction=direction, metrics=metrics)
                ground = self.reader.ground(board.master, board.service_date, board.moment)
                rows = rows_of(board.day, ground, question, Scope("nationwide", ground.day.home))
                self._tables[key] = {_identity(row, level): row for row in rows}
            return self._tables[key]


def _both(rows: Iterable[FigureRow | None]) -> Both:
    return Both(*(NO_FIGURES if row is None else row.figures for row in rows))


def _identity(row: FigureRow, level: str) -> str:
    """A Friend may have worked at several camps."""
    return f"{row.parent}/{row.hub}" if level == "friend" else row.hub


class Readings:
    """The last few readings. Complete ones hold for ever, because a (T, K) does."""

    def __init__(self, reader: Reader) -> None:
        self._reader: Final = reader
        self._lock: Final = threading.Lock()
        self._kept: Final[OrderedDict[tuple[date, Moment], Reading]] = OrderedDict()

    def at(self, service_date: date, moment: Moment) -> Reading:
        """The reading of a moment, made where there is none yet."""
        key = (service_date, moment)
        with self._lock:
            known = self._kept.pop(key, None)
            if known is None or self._stale(known):
                known = self._read(service_date, moment)
            self._kept[key] = known
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return known

    def _stale(self, reading: Reading) -> bool:
        """Whether it was not complete, and would be now or is old."""
        if reading.complete:
            return False
        now = self._reader.clock()
        return now - reading.read_at > _INCOMPLETE_FOR or reached(self._reader.data_to(now), reading.board.moment)

    def _read(self, service_date: date, moment: Moment) -> Reading:
        now = self._reader.clock()
        data_to = self._reader.data_to(now)  # before the look is opened: what is written while it is read is not in it
        self._reader.store.refresh()
        return Reading(self._reader, board_at(self._reader, service_date, moment), now, data_to)


def require(reading: Reading, viewer: Viewer, level: str, hub: str) -> None:
    """Raise ``AccessError`` unless the viewer may see a hub on the reading's service date."""
    board = reading.board
    tree = board.master.hierarchy.on(board.service_date)
    viewer.require(tree, board.service_date, level, hub)


def below(rows: Iterable[FigureRow], parents: frozenset[str]) -> list[FigureRow]:
    """Rows whose parent is one of these."""
    return [row for row in rows if row.parent in parents]
