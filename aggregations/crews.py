"""Friends' work added up by camp from tick to tick: a tick of ten thousand Friends costs what those give who worked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from aggregations.tally import Tally
from aggregations.work import AreaOf, Place, add_silence, steady_tallies
from hubstat.domain.baselines import Baselines
from hubstat.domain.friendday import FriendDay

# Parts of a tally that count whole things by some key.
_COUNTERS: Final = ("friends", "excluded", "worked", "stops", "net")
_STANDARD: Final = "standard"
# Rows and columns are added so many at a time.
_STEP: Final = 64
_Column = tuple[str, Any]
# (camp,)
Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Order:
    """Rows by camp, then Friend. starts: the first of each camp."""

    camps: list[str | None] = field(default_factory=list)
    places: list[list[Place]] = field(default_factory=list)
    rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    starts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


class CrewWork:
    """Sums over the Friends of one service date, of one version of the baselines and the master data.

    One row for each (camp, Friend), one column for each key of a counter. Whole numbers are added exactly in any order;
    the standard minutes, which are fractions, in the order in which ``work_of_camps`` adds them.
    """

    def __init__(self, baselines: Baselines) -> None:
        self._baselines = baselines
        self._days: dict[str, tuple[FriendDay, tuple[Place, ...]]] = {}
        self._columns: dict[_Column, int] = {}
        self._rows: dict[Place, int] = {}
        self._free: list[int] = []
        self._amounts = np.zeros((0, 0), np.int64)
        self._there = np.zeros((0, 0), np.bool_)
        self._standards: dict[Place, float] = {}
        self._order: _Order | None = None

    def at(self, days: Sequence[FriendDay], as_of: int, area_of: AreaOf) -> dict[Key, Tally]:
        """Work by (camp,) at T (ms), without what the projection adds: what ``work_of_camps`` gives of the same days.

        days: all Friend-days as they were folded, each the same object as before unless something new is known of it.
        area_of: of a camp.
        """
        for friend in self._days.keys() - {day.friend_id for day in days}:
            self._leave(friend)
        for day in days:
            known = self._days.get(day.friend_id)
            if known is None or known[0] is not day:
                self._take(day, area_of)
        found = self._sums()
        for day in days:
            if day.status != "none":
                add_silence(found[day.camp,], day.pauses.silence(as_of), day.allowance)
        return found

    def _leave(self, friend: str) -> None:
        for place in self._days.pop(friend)[1]:
            row = self._rows.pop(place)
            self._amounts[row], self._there[row] = 0, False
            self._free.append(row)
            self._standards.pop(place, None)
            self._order = None

    def _take(self, day: FriendDay, area_of: AreaOf) -> None:
        tallies = steady_tallies(day, self._baselines, area_of)
        known = self._days.get(day.friend_id)
        if known is not None and set(known[1]) != tallies.keys():
            self._leave(day.friend_id)
        for place, tally in tallies.items():
            self._put(place, tally)
        self._days[day.friend_id] = (day, tuple(tallies))

    def _put(self, place: Place, tally: Tally) -> None:
        columns: list[int] = []
        amounts: list[int] = []
        for name in _COUNTERS:
            counter: Counter[Any] = getattr(tally, name)
            columns += [self._column((name, key)) for key in counter]
            amounts += counter.values()
        row = self._row(place)
        self._amounts[row], self._there[row] = 0, False
        self._amounts[row, columns] = amounts
        self._there[row, columns] = True
        self._standards.pop(place, None)
        if _STANDARD in tally.sums:
            self._standards[place] = tally.sums[_STANDARD]

    def _column(self, name: _Column) -> int:
        known = self._columns.get(name)
        if known is None:
            known = self._columns[name] = len(self._columns)
            self._grow(1, known)
        return known

    def _row(self, place: Place) -> int:
        known = self._rows.get(place)
        if known is None:
            known = self._rows[place] = self._free.pop() if self._free else len(self._rows)
            self._grow(0, known)
            self._order = None
        return known

    def _grow(self, axis: int, place: int) -> None:
        if place < self._amounts.shape[axis]:
            return
        more = [(0, 0), (0, 0)]
        more[axis] = (0, max(_STEP, self._amounts.shape[axis]))
        self._amounts, self._there = np.pad(self._amounts, more), np.pad(self._there, more)

    def _sums(self) -> dict[Key, Tally]:
        if self._order is None:
            self._order = self._ordered()
        order = self._order
        if not order.camps:
            return {}
        amounts = np.add.reduceat(self._amounts[order.rows], order.starts, axis=0)
        there = np.logical_or.reduceat(self._there[order.rows], order.starts, axis=0)
        names = list(self._columns)
        found: dict[Key, Tally] = {}
        for place, camp in enumerate(order.camps):
            tally = found[camp,] = Tally()
            for column in np.flatnonzero(there[place]).tolist():
                name, key = names[column]
                getattr(tally, name)[key] = int(amounts[place, column])
            standards = [self._standards[each] for each in order.places[place] if each in self._standards]
            if standards:
                total = 0.0
                for standard in standards:  # not sum(), which adds fractions in another way from Python 3.12 on
                    total += standard
                tally.sums[_STANDARD] = total
        return found

    def _ordered(self) -> _Order:
        places = sorted(self._rows, key=lambda place: [part or "" for part in place])
        camps = [(camp, list(group)) for camp, group in groupby(places, key=lambda place: place[0])]
        sizes = [len(group) for _, group in camps]
        return _Order(
            [camp for camp, _ in camps],
            [group for _, group in camps],
            np.array([self._rows[place] for place in places], np.int64),
            np.cumsum([0, *sizes[:-1]], dtype=np.int64),
        )
