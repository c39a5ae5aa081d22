"""Invoices by camp and wave from their cells, kept so that a change costs what belongs to its camp and wave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from aggregations.question import ALL_WAVES
from aggregations.tally import Contributions, Part, Tallies, Tally
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.measures import Context

_COMPLETED: Final = "completed"
# Direction, camp, wave
_Place = tuple[str, str | None, str]
# How many completions of an hour, and the latest (ms).
_Hour = tuple[int, int | None]


class CellTallies:
    """What the invoices of a service date add up to. Tallies that were given are never changed."""

    def __init__(self) -> None:
        self._contributions = Contributions()
        self._cells: dict[_Place, dict[str, int]] = {}
        self._hours: dict[_Place, dict[int, _Hour]] = {}
        self._parts: dict[str, tuple[Part, ...]] = {}
        self._places: dict[str, set[_Place]] = {}
        self._changed: set[_Place] = set()
        self._waves: dict[tuple[str, str | None], dict[str, Tally]] = {}
        self._known: dict[str, Tallies] = {direction: {} for direction in DIRECTIONS}

    def count(self, cells: Iterable[tuple[str, int]], hours: Iterable[tuple[str, int, int | None]]) -> None:
        """Take all: how many invoices have each cell, and completed ones each hour cell, with their latest (ms)."""
        self._changed |= self._cells.keys() | self._hours.keys()
        for kind in self._places:
            self._contributions.forget(kind)
        self._cells, self._hours, self._places, self._parts = {}, {}, {}, {}
        for cell, n in cells:
            self._add(cell, n)
        for cell, n, latest in hours:
            camp, direction, wave, hour = orjson.loads(cell)
            place = (direction, camp, wave)
            self._hours.setdefault(place, {})[hour] = (n, latest)
            self._changed.add(place)

    def move(self, cells: Mapping[str, int], completions: Mapping[tuple[str, int], int]) -> bool:
        """Take how many more, or less, have each cell, and each hour cell and time of completion (ms).

        False where the latest completion of an hour went away: then all has to be counted, as half of it is taken.
        """
        for cell, n in cells.items():
            if n:
                self._add(cell, n)
        for (cell, at), n in sorted(completions.items()):
            if not n:
                continue
            camp, direction, wave, hour = orjson.loads(cell)
            place = (direction, camp, wave)
            hours = self._hours.setdefault(place, {})
            before, latest = hours.get(hour, (0, None))
            if n < 0 and (latest is None or at >= latest) and before + n:
                return False
            self._changed.add(place)
            if before + n:
                hours[hour] = (before + n, at if n > 0 and (latest is None or at > latest) else latest)
            else:
                del hours[hour]
        return True

    def at(self, context: Context) -> dict[Direction, Tallies]:
        """Tallies by direction and (camp, wave) at T."""
        self._contributions.begin(context)
        changed = self._changed | self._passed(context)
        if changed:
            found = {direction: dict(tallies) for direction, tallies in self._known.items()}
            camps: set[tuple[str, str | None]] = set()
            for place in changed:
                direction, camp, wave = place
                camps.add((direction, camp))
                waves = self._waves.setdefault((direction, camp), {})
                if place in self._cells:
                    waves[wave] = found[direction][camp, wave] = self._tally(place)
                elif waves.pop(wave, None) is not None:
                    del found[direction][camp, wave]
            for direction, camp in camps:
                total = Tally()
                for tally in self._waves[direction, camp].values():
                    total.add(tally)
                if self._waves[direction, camp]:
                    found[direction][camp, ALL_WAVES] = total
                else:
                    found[direction].pop((camp, ALL_WAVES), None)
            self._known, self._changed = found, set()
        return {direction: self._known[direction] for direction in DIRECTIONS}

    def _add(self, cell: str, n: int) -> None:
        row, kind = self._contributions.row(cell)
        place = (row.direction, row.camp, row.wave)
        self._changed.add(place)
        self._places.setdefault(kind, set()).add(place)
        kinds = self._cells.setdefault(place, {})
        kinds[kind] = kinds.get(kind, 0) + n
        if not kinds[kind]:
            del kinds[kind]
            self._leave(kind, place)
            if not kinds:
                del self._cells[place]

    def _leave(self, kind: str, place: _Place) -> None:
        places = self._places[kind]
        places.discard(place)
        if not places:
            del self._places[kind]
            self._parts.pop(kind, None)
            self._contributions.forget(kind)

    def _passed(self, context: Context) -> set[_Place]:
        """Places at which an invoice belongs to other figures than before, as time has passed."""
        found: set[_Place] = set()
        for kind, places in self._places.items():
            parts = self._contributions.of(kind, context)
            if self._parts.get(kind) != parts:
                self._parts[kind] = parts
                found |= places
        return found

    def _tally(self, place: _Place) -> Tally:
        counts: dict[Part, int] = {}
        for kind, n in self._cells[place].items():
            for part in self._parts[kind]:
                counts[part] = counts.get(part, 0) + n
        tally = Tally(counts=Counter(counts))
        for hour, (n, latest) in self._hours.get(place, {}).items():
            tally.hours[hour] = n
            tally.reach(_COMPLETED, latest)
        return tally


def as_changes(fields: Iterable[tuple[Mapping[str, Any], int]]) -> tuple[Counter[str], Counter[tuple[str, int]]]:
    """What documents' fields, each with 1 for a new one and -1 for an old one, mean to :meth:`CellTallies.move`."""
    cells: Counter[str] = Counter()
    completions: Counter[tuple[str, int]] = Counter()
    for each, sign in fields:
        cells[each["cell"]] += sign
        if "hour_cell" in each:
            completions[each["hour_cell"], int(each["completed_at"])] += sign
    return cells, completions
