"""Invoices counted at one (T, K): by Elasticsearch where the stored state is the state at (T, K), else by folding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from aggregations import compiler
from aggregations.question import ALL_WAVES, Moment
from aggregations.tally import BACKLOG, STALLED, Part, Tally, backlog_contributions, contributions
from hubstat.domain import time as tm
from hubstat.domain.backlog import Waiting, waiting_of
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

    def waiting_by_camp(self, direction: Direction) -> dict[Key, Tally]:
        """Tallies of what waits at T, whatever its service date, of all camps and waves."""
        tallies: dict[Key, Tally] = {}
        for (place,), bucket in self._pit.buckets(
            self.waiting_query(direction), ("place",), compiler.ages(self._moment.as_of)
        ):
            camp, wave, parts = _aged(str(place), bucket)
            _count_all(tallies, (camp,), wave, parts)
        for state, waiting in self.folded_waiting(direction):
            _count(tallies, (state.camp,), waiting.wave, backlog_contributions(waiting, self._moment.as_of), 1)
        return tallies

    def waiting_by_friend(self, direction: Direction, camps: Sequence[str | None] | None) -> dict[Key, Tally]:
        """The same by Friend (None: unassigned), of some camps, None = of all."""
        tallies: dict[Key, Tally] = {}
        wanted = None if camps is None else set(camps)
        query = self.waiting_query(direction, [] if camps is None else [compiler.in_camps(camps)])
        for (friend, place), bucket in self._pit.buckets(query, ("friend", "place"), compiler.ages(self._moment.as_of)):
            camp, wave, parts = _aged(str(place), bucket)
            _count_all(tallies, (camp, friend), wave, parts)
        for state, waiting in self.folded_waiting(direction):
            if wanted is None or state.camp in wanted:
                place_of = (state.camp, state.friend)
                _count(tallies, place_of, waiting.wave, backlog_contributions(waiting, self._moment.as_of), 1)
        return tallies

    def folded_waiting(self, direction: Direction) -> Iterator[tuple[InvoiceState, Waiting]]:
        """Invoices whose stored state is later than (T, K), folded at (T, K), as far as they wait then."""
        query = compiler.all_of(
            [
                {"term": {"direction": direction}},
                compiler.unsettled(self._moment.as_of, self._moment.known_at),
                *compiler.existing(self._moment.as_of, self._moment.known_at),
            ]
        )
        for key, document in self._pit.documents(query, ["events"]):
            state = self.fold(key, document)
            waiting = waiting_of(state)
            if waiting is not None:
                yield state, waiting

    def waiting_query(self, direction: Direction, more: Sequence[compiler.Query] = ()) -> compiler.Query:
        """Invoices that wait at T and whose stored state is the state at (T, K)."""
        return compiler.all_of(
            [
                {"exists": {"field": "place"}},
                {"term": {"direction": direction}},
                *compiler.settled(self._moment.as_of, self._moment.known_at),
                *more,
            ]
        )

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

    def last_received(self) -> int | None:
        """Latest received time (ms) of any event of the invoices that count under the date: moves with every change."""
        return self._pit.latest({"term": {"due_dates": self._service_date}}, "max_received_at")

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


def _aged(place: str, bucket: dict[str, Any]) -> tuple[str | None, str, dict[Part, int]]:
    """Camp, wave and counts of one place of the backlog."""
    camp, _, wave, waits = orjson.loads(place)
    parts: dict[Part, int] = {(BACKLOG[waits], age["key"]): age["doc_count"] for age in bucket["ages"]["buckets"]}
    if waits == "open":
        parts[STALLED, ""] = bucket["stalled"]["doc_count"]
    return camp, wave, parts


def _both(tallies: dict[Key, Tally], place: tuple[str | None, ...], wave: str) -> list[Tally]:
    """The tally of a place's wave, and that of all its waves; one where somebody calls a wave ``all``."""
    return [tallies.setdefault((*place, each), Tally()) for each in {wave, ALL_WAVES}]


def _count_all(tallies: dict[Key, Tally], place: tuple[str | None, ...], wave: str, parts: Mapping[Part, int]) -> None:
    for tally in _both(tallies, place, wave):
        tally.counts.update(parts)


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
