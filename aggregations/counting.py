"""Invoices counted at one (T, K): by Elasticsearch where the stored state is the state at (T, K), else by folding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from aggregations import compiler
from aggregations.question import ALL_WAVES, Moment
from aggregations.tally import Part, Tally, contributions
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.document import restore_invoice
from hubstat.domain.invoice import InvoiceState, fold
from hubstat.domain.measures import Context
from hubstat.domain.row import Row, row_of
from hubstat.elastic.search import PointInTime

# (camp, wave) or (camp, friend, wave)
Key = tuple[str | None, ...]


class InvoiceCounter:
    """Counts one service date at one (T, K) through one point in time. Keys carry the wave last; ``all`` is the sum."""

    def __init__(
        self, pit: PointInTime, service_date: str, moment: Moment, zone: ZoneInfo, customer_reasons: frozenset[str]
    ) -> None:
        self._pit = pit
        self._service_date = service_date
        self._moment = moment
        self._zone = zone
        self.context = Context(moment.as_of, customer_reasons)
        self._kinds: dict[str, tuple[Part, ...]] = {}

    def by_camp(self, direction: Direction) -> dict[Key, Tally]:
        """Tallies of all camps and waves (camp None: no camp known)."""
        tallies: dict[Key, Tally] = {}
        query = self._settled(direction)
        for cell, count, _ in self._pit.groups(query, "cell"):
            row = Row.of_cell(cell)
            _count(tallies, (row.camp,), row.wave, self._contributions(cell, row), count)
        for hour_cell, count, latest in self._pit.groups(query, "hour_cell", "completed_at"):
            camp, wave, hour = _hour(hour_cell)
            _complete(tallies, (camp,), wave, hour, count, latest)
        for state, row in self.folded(direction):
            _take(tallies, (row.camp,), state, row, contributions(row, self.context))
        return tallies

    def by_friend(self, direction: Direction, camps: Sequence[str | None] | None) -> dict[Key, Tally]:
        """Tallies of the Friends (None: unassigned) of some camps, None = of all."""
        tallies: dict[Key, Tally] = {}
        wanted = None if camps is None else set(camps)
        query = self._settled(direction, [] if camps is None else [compiler.in_camps(camps)])
        for (friend, cell), count, _ in self._pit.combinations(query, ("friend", "cell")):
            row = Row.of_cell(str(cell))
            _count(tallies, (row.camp, friend), row.wave, self._contributions(str(cell), row), count)
        completed = compiler.all_of([query, {"exists": {"field": "hour_cell"}}])
        for (friend, hour_cell), count, latest in self._pit.combinations(
            completed, ("friend", "hour_cell"), "completed_at"
        ):
            camp, wave, hour = _hour(str(hour_cell))
            _complete(tallies, (camp, friend), wave, hour, count, latest)
        for state, row in self.folded(direction):
            if wanted is None or row.camp in wanted:
                _take(tallies, (row.camp, state.friend), state, row, contributions(row, self.context))
        return tallies

    def folded(self, direction: Direction) -> Iterator[tuple[InvoiceState, Row]]:
        """Invoices whose stored state is later than (T, K), folded at (T, K), as far as they count under the date."""
        query = compiler.all_of(
            [
                {"term": {"due_dates": self._service_date}},
                {"term": {"direction": direction}},
                compiler.unsettled(self._moment.as_of, self._moment.known_at),
            ]
        )
        for key, document in self._pit.documents(query, ["events"]):
            state = self.fold(key, document)
            row = row_of(state)
            if row is not None and state.promise is not None and state.promise.service_date == self._service_date:
                yield state, row

    def fold(self, key: str, document: dict[str, Any]) -> InvoiceState:
        """State of a stored invoice at (T, K)."""
        direction, invoice_no = key.split(":", 1)
        log = restore_invoice(key, document)
        return fold(direction, invoice_no, log, self._zone, self._moment.as_of, self._moment.known_at)

    def _settled(self, direction: Direction, more: Sequence[compiler.Query] = ()) -> compiler.Query:
        return compiler.all_of(
            [
                *compiler.counted_on(self._service_date),
                {"term": {"direction": direction}},
                *compiler.settled(self._moment.as_of, self._moment.known_at),
                *more,
            ]
        )

    def _contributions(self, cell: str, row: Row) -> tuple[Part, ...]:
        # Cells that differ in their camp alone belong to the same figures; the camp comes first in a cell.
        kind = cell[cell.index(f',"{row.direction}"') :]
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = contributions(row, self.context)
        return found


def _hour(hour_cell: str) -> tuple[str | None, str, int]:
    camp, _, wave, hour = orjson.loads(hour_cell)
    return camp, wave, hour


def _both(tallies: dict[Key, Tally], place: tuple[str | None, ...], wave: str) -> tuple[Tally, Tally]:
    """The tally of a place's wave, and that of all its waves."""
    return tallies.setdefault((*place, wave), Tally()), tallies.setdefault((*place, ALL_WAVES), Tally())


def _count(
    tallies: dict[Key, Tally], place: tuple[str | None, ...], wave: str, parts: tuple[Part, ...], n: int
) -> None:
    for tally in _both(tallies, place, wave):
        for part in parts:
            tally.counts[part] += n


def _complete(
    tallies: dict[Key, Tally], place: tuple[str | None, ...], wave: str, hour: int, n: int, latest: int | None
) -> None:
    for tally in _both(tallies, place, wave):
        tally.hours[hour] += n
        tally.completed_at(latest)


def _take(
    tallies: dict[Key, Tally], place: tuple[str | None, ...], state: InvoiceState, row: Row, parts: tuple[Part, ...]
) -> None:
    _count(tallies, place, row.wave, parts, 1)
    if state.completed_at is not None:
        _complete(tallies, place, row.wave, state.completed_at // tm.HOUR, 1, state.completed_at)
