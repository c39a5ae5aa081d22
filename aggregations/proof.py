"""What stands behind a figure: exactly as many invoices as it says, each with its reason; and an invoice's events."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from aggregations import compiler
from aggregations.counting import InvoiceCounter
from aggregations.question import ALL_WAVES, UNASSIGNED, Moment, Question, Scope
from aggregations.reader import Reader, View
from aggregations.rollup import camps_of_row, inside, resolve
from aggregations.tally import backlog_contributions
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.backlog import AGES, waiting_of
from hubstat.domain.codes import DIRECTIONS, RANK, Direction
from hubstat.domain.document import invoice_key, restore_invoice
from hubstat.domain.hierarchy import UNMAPPED, HubTree
from hubstat.domain.invoice import InvoiceState, fold
from hubstat.domain.log import EventLog, winner
from hubstat.domain.measures import Context, Predicate, holds, split_key
from hubstat.domain.metrics import ANY, AgeSplit, Count, Measure, Metric, SplitCount, metrics_for
from hubstat.domain.row import Row, row_of
from hubstat.errors import QueryError


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One invoice behind a figure. Times in ms; late: ms after the promise, None where not late or not past it.

    ended_at: when it was cancelled, withdrawn or closed. key: of the part of a split figure it belongs to, else "".
    """

    direction: Direction
    invoice_no: str
    service_date: str
    camp: str | None
    friend: str | None
    wave: str
    state: str
    promise: int
    completed_at: int | None
    ended_at: int | None
    late: int | None
    reason: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A figure and the invoices it counts, read at one point in time: ``figure == len(lines)``."""

    metric: Metric
    key: str
    scope: Scope
    service_date: date
    moment: Moment
    wave: str
    direction: Direction
    figure: int
    lines: tuple[InvoiceLine, ...]


@dataclass(frozen=True, slots=True)
class EventLine:
    """One copy of an event as received. Times in ms.

    standing: ``in_force``, ``voided``, ``other_copy`` (another copy of it counts),
    ``later`` (after T) or ``unknown_yet`` (received after K). sent: the known fields as sent.
    """

    event_id: str
    code: str
    time: int
    received: int
    standing: str
    sent: dict[str, Any]


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """An invoice at (T, K) with every event that is stored of it, in the order of C3."""

    state: InvoiceState
    moment: Moment
    events: tuple[EventLine, ...]


class Prover:
    """Proofs, on top of the reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def proof(self, viewer: Viewer, question: Question, metric: str, scope: Scope | None = None) -> Proof:
        """The invoices behind one counted figure (``m3.out``: one part of a split figure).

        scope: the node; None = what the hub of the question names. Raises ``QueryError`` where it counts no invoices.
        """
        name, _, key = metric.partition(".")
        found = metrics_for(question.direction).get(name)
        if found is None:
            raise QueryError(f"no metric of {question.direction} is called {name}")
        if not (found.of_backlog or isinstance(found.measure, Count | SplitCount)):
            raise QueryError(f"{name} counts no invoices: ask for one of {', '.join(_counted(question.direction))}")
        _require_part(found.measure, name, key)
        moment = question.moment(self._reader.clock(), self._reader.zone)
        with self._reader.view() as view:
            tree = view.master.hierarchy.on(question.service_date)
            node = scope or resolve(tree, question.level, question.hub)
            _require(viewer, tree, question.service_date, node)
            counter = self._reader.counter(view, question.service_date, moment)
            if isinstance(found.measure, Count | SplitCount):
                measure = found.measure
                candidates = [
                    replace(line, key=_part(measure, row, counter.context))
                    for line, row in self._lines(view, counter, question, moment, tree, node, measure.where)
                ]
            else:
                # What waits is placed by the hierarchy of T's local date.
                tree = view.master.hierarchy.on(tm.local_date(moment.as_of, self._reader.zone))
                candidates = list(self._waiting(view, counter, question, moment, tree, node, name))
            lines = [line for line in candidates if key in {"", line.key}]
            figure = _figure(counter, question, tree, node, found, key)
        if figure != len(lines):
            raise QueryError(f"{metric} is {figure} but {len(lines)} invoices were found for it: please report this")
        return Proof(
            found,
            key,
            node,
            question.service_date,
            moment,
            question.wave,
            question.direction,
            figure,
            tuple(sorted(lines, key=lambda line: (line.promise, line.invoice_no))),
        )

    def _lines(
        self,
        view: View,
        counter: InvoiceCounter,
        question: Question,
        moment: Moment,
        tree: HubTree,
        node: Scope,
        where: Predicate,
    ) -> Iterator[tuple[InvoiceLine, Row]]:
        """Invoices under a node a predicate holds for: Elasticsearch judges the settled ones, Python the others."""
        filters = [
            *compiler.counted_on(question.service_date.isoformat()),
            {"term": {"direction": question.direction}},
            *compiler.settled(moment.as_of, moment.known_at),
            compiler.compile_predicate(where, counter.context),
        ]
        if question.wave != ALL_WAVES:
            filters.append({"term": {"due_wave": question.wave}})
        camp = node.camp if node.level == "friend" else node.hub if node.level == "camp" else None
        if camp is not None:
            filters.append(compiler.in_camps(camps_of_row(camp)))
        for key, document in view.invoices.documents(compiler.all_of(filters), ["events", "cell"]):
            state = counter.fold(key, document)
            row = Row.of_cell(document["cell"])
            if _belongs(tree, node, row, state):
                yield line_of(state, row, moment.as_of), row
        for state, row in counter.folded(question.direction):
            if (
                question.wave in {ALL_WAVES, row.wave}
                and _belongs(tree, node, row, state)
                and holds(where, row, counter.context)
            ):
                yield line_of(state, row, moment.as_of), row

    def _waiting(
        self,
        view: View,
        counter: InvoiceCounter,
        question: Question,
        moment: Moment,
        tree: HubTree,
        node: Scope,
        name: str,
    ) -> Iterator[InvoiceLine]:
        """Invoices of the backlog under a node, each with its part of the figure ``name``."""
        stored = view.invoices.documents(counter.waiting_query(question.direction), ["events"])
        states = ((state, waiting_of(state)) for state in (counter.fold(key, document) for key, document in stored))
        for state, waiting in itertools.chain(states, counter.folded_waiting(question.direction)):
            row = row_of(state)
            if waiting is None or row is None or question.wave not in {ALL_WAVES, waiting.wave}:
                continue
            parts = dict(backlog_contributions(waiting, moment.as_of))
            if name in parts and _belongs(tree, node, row, state):
                yield replace(line_of(state, row, moment.as_of), key=parts[name])

    def invoices(self, viewer: Viewer, question: Question, scope: Scope) -> tuple[InvoiceLine, ...]:
        """All invoices that count under a node (those removed by C8 too), by promise."""
        moment = question.moment(self._reader.clock(), self._reader.zone)
        with self._reader.view() as view:
            tree = view.master.hierarchy.on(question.service_date)
            _require(viewer, tree, question.service_date, scope)
            counter = self._reader.counter(view, question.service_date, moment)
            lines = [line for line, _ in self._lines(view, counter, question, moment, tree, scope, ANY)]
        return tuple(sorted(lines, key=lambda line: (line.promise, line.invoice_no)))

    def invoice(self, viewer: Viewer, direction: Direction, invoice_no: str, moment: Moment) -> InvoiceDetail:
        """One invoice with its events. Raises ``QueryError`` where nobody has reported it."""
        if direction not in DIRECTIONS:
            raise QueryError(f"there is no direction {direction!r}: use DELIVERY or RETURN")
        key = invoice_key(direction, invoice_no)
        with self._reader.view() as view:
            found = list(view.invoices.documents({"ids": {"values": [key]}}, ["events"]))
            if not found:
                raise QueryError(f"there is no {direction} invoice {invoice_no}: no event of it has arrived")
            log = restore_invoice(key, found[0][1])
            state = fold(direction, invoice_no, log, self._reader.zone, moment.as_of, moment.known_at)
            day = (
                tm.parse_date(state.promise.service_date)
                if state.promise
                else tm.local_date(log.max_time, self._reader.zone)
            )
            tree = view.master.hierarchy.on(day)
            _require(viewer, tree, day, Scope("camp", state.camp or UNMAPPED))
        return InvoiceDetail(state, moment, tuple(_events(direction, log, moment)))


def _counted(direction: Direction) -> list[str]:
    return [m.id for m in metrics_for(direction).values() if m.of_backlog or m.counted is not None]


def _require(viewer: Viewer, tree: HubTree, day: date, node: Scope) -> None:
    if node.level == "friend":
        viewer.require(tree, day, "camp", node.camp or UNMAPPED)
    else:
        viewer.require(tree, day, node.level, node.hub)


def _belongs(tree: HubTree, node: Scope, row: Row, state: InvoiceState) -> bool:
    if node.level != "friend":
        return inside(tree, node, row.camp)
    return (row.camp or UNMAPPED) == node.camp and (state.friend or UNASSIGNED) == node.hub


def _require_part(measure: Measure, name: str, key: str) -> None:
    if not key:
        return
    if not isinstance(measure, SplitCount | AgeSplit):
        raise QueryError(f"{name} is not split: there is no part {key}")
    keys = AGES if isinstance(measure, AgeSplit) else measure.keys
    if keys is not None and key not in keys:
        raise QueryError(f"{name} has no part {key}: use one of {', '.join(keys)}")


def _part(measure: Count | SplitCount, row: Row, context: Context) -> str:
    """Part of the figure that a row counts in; "" where it is not split."""
    return split_key(measure.split, row, context) if isinstance(measure, SplitCount) else ""


def _figure(counter: InvoiceCounter, question: Question, tree: HubTree, node: Scope, metric: Metric, key: str) -> int:
    if node.level == "friend":
        places = camps_of_row(node.camp or UNMAPPED)
        friends = {node.hub, None} if node.hub == UNASSIGNED else {node.hub}
        count = counter.waiting_by_friend if metric.of_backlog else counter.by_friend
        tallies = count(question.direction, places)
        chosen = [
            tally
            for (camp, friend, wave), tally in tallies.items()
            if camp in places and friend in friends and wave == question.wave
        ]
    else:
        camps = (counter.waiting_by_camp if metric.of_backlog else counter.by_camp)(question.direction)
        chosen = [t for (camp, wave), t in camps.items() if wave == question.wave and inside(tree, node, camp)]
    return sum(
        n for tally in chosen for (name, part), n in tally.counts.items() if name == metric.id and key in {"", part}
    )


def line_of(state: InvoiceState, row: Row, as_of: int) -> InvoiceLine:
    """The line of a counted invoice at T (ms)."""
    end = state.completed_at if state.completed_at is not None else state.ended_at
    late = (as_of if end is None else end) - row.promise
    return InvoiceLine(
        direction="RETURN" if row.direction == "RETURN" else "DELIVERY",
        invoice_no=state.invoice_no,
        service_date=state.promise.service_date if state.promise else "",
        camp=row.camp,
        friend=state.friend,
        wave=row.wave,
        state=row.state,
        promise=row.promise,
        completed_at=state.completed_at,
        ended_at=state.ended_at,
        late=late if late > 0 else None,
        reason=row.reason,
        key="",
    )


def _events(direction: Direction, log: EventLog, moment: Moment) -> list[EventLine]:
    voided = log.voided(moment.known_at)
    lines: list[EventLine] = []
    for event_id, copies in log.copies.items():
        counting = winner(copies, moment.known_at)
        for copy in copies:
            if copy.received > moment.known_at:
                standing = "unknown_yet"
            elif event_id in voided:
                standing = "voided"
            elif copy is not counting:
                standing = "other_copy"
            else:
                standing = "later" if copy.time > moment.as_of else "in_force"
            lines.append(EventLine(event_id, copy.sent["code"], copy.time, copy.received, standing, copy.sent))
    return sorted(lines, key=lambda line: (line.time, RANK[direction][line.code], line.event_id, line.received))
