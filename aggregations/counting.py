"""Invoices counted at one (T, K): by Elasticsearch where the stored state is the state at (T, K), else by folding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import orjson

from aggregations import compiler
from aggregations.cells import CellTallies
from aggregations.changes import count_cells
from aggregations.question import ALL_WAVES, Moment
from aggregations.tally import (
    AFTER_DEADLINE,
    BACKLOG,
    COMPLETED_MINUTES,
    STALLED,
    Contributions,
    Key,
    Part,
    Tallies,
    Tally,
    backlog_contributions,
    contributions,
)
from hubstat.domain import time as tm
from hubstat.domain.backlog import Waiting, waiting_of
from hubstat.domain.codes import Direction
from hubstat.domain.document import minute_of, pending_of, restore_invoice, unpacked
from hubstat.domain.invoice import InvoiceState, fold
from hubstat.domain.loading import Loading, loading_of
from hubstat.domain.measures import Context
from hubstat.domain.projection import Pending
from hubstat.domain.row import Row, row_of
from hubstat.elastic.search import PointInTime

Grain = Literal["camp", "friend"]
# () or (Friend,), cell, how often, latest time (ms)
_Cell = tuple[tuple[str | None, ...], str, int, int | None]
Camps = Sequence[str | None] | None
# Called now and then with (how many invoices are folded, of how many).
Progress = Callable[[int, int], None]
_REPORT_EVERY: Final = 1_000


@dataclass(slots=True)
class Folded:
    """What folding the invoices gave whose stored state is later than (T, K). ``friends`` None: not asked for."""

    camps: Tallies = field(default_factory=dict)
    friends: Tallies | None = None
    pending: list[Pending] = field(default_factory=list)
    loadings: list[Loading] = field(default_factory=list)


class InvoiceCounter:
    """Counts one service date at one (T, K) through one point in time.

    camps: only invoices of these (None among them: of no camp); None = of all. progress: told about long folds.
    """

    def __init__(
        self,
        pit: PointInTime,
        service_date: str,
        moment: Moment,
        zone: ZoneInfo,
        context: Context,
        progress: Progress | None = None,
    ) -> None:
        self._pit = pit
        self._service_date = service_date
        self._moment = moment
        self._zone = zone
        self.context = context
        self._progress = progress

    def of_camps(self, camps: Camps) -> dict[Direction, Tallies]:
        """Counts and completions by hour of the invoices whose stored state holds at (T, K), by direction and camp."""
        tallies = CellTallies()
        within = [] if camps is None else [compiler.in_camps(camps)]
        count_cells(tallies, self._pit, self._service_date, self._moment, within)
        return tallies.at(self.context)

    def of_friends(self, direction: Direction, camps: Camps) -> Tallies:
        """The same of one direction by (camp, Friend)."""
        known = Contributions()
        known.begin(self.context)
        query = self._settled(direction, camps)
        tallies: Tallies = {}
        for friend, cell, count, _ in self._cells("friend", query, "cell"):
            row, kind = known.row(cell)
            _count(tallies, (row.camp, *friend), row.wave, known.of(kind, self.context), count)
        for friend, cell, count, latest in self._cells("friend", query, "hour_cell", "completed_at"):
            camp, _, wave, hour = orjson.loads(cell)
            _completed(tallies, (camp, *friend), wave, hour, count, latest)
        return tallies

    def minutes(self, grain: Grain, direction: Direction, camps: Camps) -> Tallies:
        """Completions and, of returns, stages by minute."""
        tallies: Tallies = {}
        query = self._settled(direction, camps)
        for friend, text, count, _ in self._cells(grain, query, "minute_cell"):
            camp, _, wave, minute = orjson.loads(text)
            self._complete(tallies, (camp, *friend), wave, minute, count)
        if direction == "RETURN":
            for friend, text, count, _ in self._cells(grain, query, "stage_cells"):
                camp, _, wave, stage, minutes = orjson.loads(text)
                for tally in _both(tallies, (camp, *friend), wave):
                    tally.minutes[stage, minutes] += count
        return tallies

    def pending(self, camps: Camps = None, friends: Sequence[str] | None = None) -> Iterator[Pending]:
        """Open due invoices of both directions whose stored state holds at (T, K), of some camps or some Friends."""
        more = [] if friends is None else [{"terms": {"friend": list(friends)}}]
        for text in self._pit.values(self._settled(None, camps, [{"exists": {"field": "pending"}}, *more]), "pending"):
            yield Pending(*unpacked(text))

    def loadings(self, camps: Camps) -> Iterator[Loading]:
        """Due deliveries that a Friend has held, whose stored state holds at (T, K)."""
        query = self._settled("DELIVERY", camps, [{"exists": {"field": "loading"}}])
        for text in self._pit.values(query, "loading"):
            yield loading_of_text(text)

    def waiting(self, grain: Grain, direction: Direction, camps: Camps) -> Tallies:
        """What waits at T, whatever its service date, by age."""
        tallies: Tallies = {}
        fields = ("place",) if grain == "camp" else ("place", "friend")
        query = self.waiting_query(direction, camps)
        for (place, *friend), bucket in self._pit.buckets(query, fields, compiler.ages(self._moment.as_of)):
            camp, wave, parts = _aged(str(place), bucket)
            for tally in _both(tallies, (camp, *friend), wave):
                tally.counts.update(parts)
        for state, waiting in self.folded_waiting(direction, camps):
            place_of = (state.camp,) if grain == "camp" else (state.camp, state.friend)
            _count(tallies, place_of, waiting.wave, backlog_contributions(waiting, self._moment.as_of), 1)
        return tallies

    def fold_counts(self, direction: Direction, camps: Camps, by_friend: bool) -> Folded:
        """Everything of the invoices whose stored state is later than (T, K), in one pass."""
        found = Folded(friends={} if by_friend else None)
        for state, row in self.folded(direction, camps):
            parts = contributions(row, self.context)
            self._take(found.camps, (row.camp,), state, row, parts)
            if found.friends is not None:
                self._take(found.friends, (row.camp, state.friend), state, row, parts)
            pending, loading = pending_of(state, row), loading_of(state, row)
            if pending is not None:
                found.pending.append(pending)
            if loading is not None:
                found.loadings.append(loading)
        return found

    def fold_pending(self, friends: Sequence[str]) -> Iterator[Pending]:
        """Open due invoices that some Friends hold, of those whose stored state is later than (T, K)."""
        query = compiler.all_of([*self._later(None, None), {"terms": {"friends": list(friends)}}])
        for state, row in self._fold_all(query):
            pending = pending_of(state, row)
            if pending is not None and pending.friend in friends:
                yield pending

    def folded(self, direction: Direction, camps: Camps = None) -> Iterator[tuple[InvoiceState, Row]]:
        """Invoices whose stored state is later than (T, K), folded at (T, K), as far as they count under the date."""
        wanted = None if camps is None else set(camps)
        for state, row in self._fold_all(compiler.all_of(self._later(direction, camps))):
            if wanted is None or row.camp in wanted:
                yield state, row

    def _fold_all(self, query: compiler.Query) -> Iterator[tuple[InvoiceState, Row]]:
        for state in self._states(query):
            row = row_of(state)
            if row is not None and state.promise is not None and state.promise.service_date == self._service_date:
                yield state, row

    def folded_waiting(self, direction: Direction, camps: Camps) -> Iterator[tuple[InvoiceState, Waiting]]:
        """Invoices whose stored state is later than (T, K), folded at (T, K), as far as they wait then."""
        wanted = None if camps is None else set(camps)
        query = compiler.all_of(
            [
                {"term": {"direction": direction}},
                compiler.unsettled(self._moment.as_of, self._moment.known_at),
                *compiler.existing(self._moment.as_of, self._moment.known_at),
                *([] if camps is None else [compiler.naming_camps(camps)]),
            ]
        )
        for state in self._states(query):
            waiting = waiting_of(state)
            if waiting is not None and (wanted is None or waiting.camp in wanted):
                yield state, waiting

    def waiting_query(self, direction: Direction, camps: Camps) -> compiler.Query:
        """Invoices that wait at T and whose stored state is the state at (T, K)."""
        return compiler.all_of(
            [
                {"exists": {"field": "place"}},
                {"term": {"direction": direction}},
                *compiler.settled(self._moment.as_of, self._moment.known_at),
                *([] if camps is None else [compiler.in_camps(camps)]),
            ]
        )

    def fold(self, key: str, document: dict[str, Any]) -> InvoiceState:
        """State of a stored invoice at (T, K)."""
        direction, invoice_no = key.split(":", 1)
        log = restore_invoice(key, document)
        return fold(direction, invoice_no, log, self._zone, self._moment.as_of, self._moment.known_at)

    def _states(self, query: compiler.Query) -> Iterator[InvoiceState]:
        total = self._pit.count(query) if self._progress else 0
        for number, (key, document) in enumerate(self._pit.documents(query, ["events"]), 1):
            yield self.fold(key, document)
            if self._progress and number % _REPORT_EVERY == 0:
                self._progress(number, total)

    def _cells(self, grain: Grain, query: compiler.Query, name: str, latest: str | None = None) -> Iterator[_Cell]:
        """Values of a keyword with their count and, by Friend, the Friend: (() or (friend,), value, count, latest)."""
        if grain == "camp":
            for value, count, last in self._pit.groups(query, name, latest):
                yield (), value, count, last
            return
        present = compiler.all_of([query, {"exists": {"field": name}}])
        for (friend, text), count, last in self._pit.combinations(present, ("friend", name), latest):
            if text is not None:
                yield (friend,), text, count, last

    def _settled(
        self, direction: Direction | None, camps: Camps, more: Sequence[compiler.Query] = ()
    ) -> compiler.Query:
        return compiler.all_of(
            [
                *compiler.counted_on(self._service_date),
                *([] if direction is None else [{"term": {"direction": direction}}]),
                *compiler.settled(self._moment.as_of, self._moment.known_at),
                *([] if camps is None else [compiler.in_camps(camps)]),
                *more,
            ]
        )

    def _later(self, direction: Direction | None, camps: Camps) -> list[compiler.Query]:
        return [
            {"term": {"due_dates": self._service_date}},
            *([] if direction is None else [{"term": {"direction": direction}}]),
            compiler.unsettled(self._moment.as_of, self._moment.known_at),
            *([] if camps is None else [compiler.naming_camps(camps)]),
        ]

    def _take(self, tallies: Tallies, place: Key, state: InvoiceState, row: Row, parts: tuple[Part, ...]) -> None:
        _count(tallies, place, row.wave, parts, 1)
        if state.completed_at is not None:
            _completed(tallies, place, row.wave, state.completed_at // tm.HOUR, 1, state.completed_at)
            self._complete(tallies, place, row.wave, minute_of(state.completed_at), 1)
        for stage, minutes in state.stages:
            for tally in _both(tallies, place, row.wave):
                tally.minutes[stage, minutes] += 1

    def _complete(self, tallies: Tallies, place: Key, wave: str, minute: int, n: int) -> None:
        # Deadlines are whole minutes, or the last millisecond of one.
        after = minute > minute_of(self.context.deadline(wave))
        for tally in _both(tallies, place, wave):
            tally.minutes[COMPLETED_MINUTES, minute] += n
            if after:
                tally.counts[AFTER_DEADLINE, ""] += n


def loading_of_text(text: str) -> Loading:
    """A loading back from its field."""
    camp, friend, wave, loaded_at, holdings = unpacked(text)
    return Loading(camp, friend, wave, loaded_at, tuple((since, holder) for since, holder in holdings))


def add_tallies(tallies: Tallies, more: Mapping[Key, Tally]) -> None:
    """Add tallies by key."""
    for key, tally in more.items():
        tallies.setdefault(key, Tally()).add(tally)


def _aged(place: str, bucket: dict[str, Any]) -> tuple[str | None, str, dict[Part, int]]:
    """Camp, wave and counts of one place of the backlog."""
    camp, _, wave, waits = orjson.loads(place)
    parts: dict[Part, int] = {(BACKLOG[waits], age["key"]): age["doc_count"] for age in bucket["ages"]["buckets"]}
    if waits == "open":
        parts[STALLED, ""] = bucket["stalled"]["doc_count"]
    return camp, wave, parts


def _both(tallies: Tallies, place: Key, wave: str) -> list[Tally]:
    """The tally of a place's wave, and that of all its waves; one where somebody calls a wave ``all``."""
    found = []
    for each in {wave, ALL_WAVES}:
        key = (*place, each)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = Tally()
        found.append(tally)
    return found


def _completed(tallies: Tallies, place: Key, wave: str, hour: int, n: int, latest: int | None) -> None:
    for tally in _both(tallies, place, wave):
        tally.hours[hour] += n
        tally.reach("completed", latest)


def count_one(tallies: Tallies, place: Key, wave: str, part: Part, n: int = 1) -> None:
    """Count one part at a place, in its wave and in all."""
    _count(tallies, place, wave, (part,), n)


def _count(tallies: Tallies, place: Key, wave: str, parts: Sequence[Part], n: int) -> None:
    for tally in _both(tallies, place, wave):
        for part in parts:
            tally.counts[part] += n
