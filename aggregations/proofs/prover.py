"""Proofs: a figure, the invoices and terms behind it, and the test that they are the figure, in one look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from aggregations.counting import Grain
from aggregations.day import View
from aggregations.proofs import checks, invoices
from aggregations.proofs.friends import friend_terms
from aggregations.proofs.invoices import Asked
from aggregations.proofs.model import EventLine, InvoiceDetail, InvoiceLine, Listing, Proof, Side
from aggregations.proofs.plans import plan_terms
from aggregations.question import Moment, Question, Scope
from aggregations.reader import Reader
from aggregations.rollup import resolve
from aggregations.tally import Tally, figures
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import DIRECTIONS, RANK, Direction
from hubstat.domain.document import invoice_key, restore_invoice
from hubstat.domain.hierarchy import UNMAPPED, HubTree
from hubstat.domain.invoice import fold
from hubstat.domain.log import EventLog, winner
from hubstat.domain.metric import (
    AfterDeadline,
    AgeSplit,
    AtRisk,
    CompletionHours,
    CompletionPercentile,
    Count,
    FriendHours,
    FriendLatest,
    FriendRate,
    FriendRatio,
    FriendSplit,
    FriendSum,
    LastCompletion,
    LoadCount,
    Metric,
    Plan,
    Ratio,
    Shares,
    SplitCount,
    StageMinutes,
    StalledCount,
)
from hubstat.domain.metrics import metrics_for
from hubstat.domain.metrics_invoices import ANY
from hubstat.errors import NotKnownError, QueryError

# Documents that one request names by their ids.
_IDS: Final = 5_000
# Figures that are a number of invoices.
_LISTED: Final = (Count, SplitCount, CompletionHours, AgeSplit, StalledCount, AfterDeadline, AtRisk, LoadCount)


def listed(metric: Metric) -> bool:
    """Whether a figure is a number of invoices, so that ``Prover.listing`` gives the list of it or of a part."""
    return isinstance(metric.measure, _LISTED)


class Prover:
    """Proofs, on top of the reader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def proof(
        self, viewer: Viewer, question: Question, metric: str, scope: Scope | None = None, *, events: bool = False
    ) -> Proof:
        """What stands behind one figure (``m3.out``: one part of a split figure).

        scope: the node; None = what the hub of the question names. events: also those of every invoice named. Raises
        ``QueryError`` for a figure or part that does not exist, and where figure and proof differ.
        """
        name, _, key = metric.partition(".")
        known = metrics_for(question.direction)
        if name not in known:
            raise QueryError(f"no metric of {question.direction} is called {name}: use one of {', '.join(known)}")
        checks.require_part(known[name], key, self._reader.zone)
        moment = question.moment(self._reader.clock(), self._reader.zone)
        with self._reader.view() as view:
            asked = self._asked(viewer, view, question, moment, scope)
            with asked.day.within(view):
                proving = _Proving(asked, known, known[name], key)
                sides = tuple(proving.sides(known[name], key))
                figure = proving.figure(known[name], key)
            checks.require_proved(known[name], figure, sides, asked.zone)
            return Proof(
                known[name],
                key,
                asked.node,
                question.service_date,
                moment,
                question.wave,
                question.direction,
                figure,
                sides,
                asked.day.baselines.version,
                _events_of(view, sides, moment) if events else {},
            )

    def _asked(self, viewer: Viewer, view: View, question: Question, moment: Moment, scope: Scope | None) -> Asked:
        ground = self._reader.ground(view.master, question.service_date, moment)
        node = scope or resolve(ground.day, question.level, question.hub)
        _require(viewer, ground.day, question.service_date, node)
        # Never from the facts of a closed day: figure and list are of one look.
        day = self._reader.day(view, question.service_date, moment, node, facts=False)
        return Asked(day, view, ground, question, node, self._reader.zone)

    @contextmanager
    def listing(self, viewer: Viewer, question: Question, metric: str, scope: Scope) -> Iterator[Listing]:
        """A counted figure and its invoices as they are read, however many, from one look that is open meanwhile.

        Unlike ``proof`` it holds none of them in memory where a predicate decides, and gives them in no order. Raises
        ``QueryError`` where the figure is no number of invoices, and at the end where they are not as many as it says.
        """
        name, _, key = metric.partition(".")
        known = metrics_for(question.direction)
        if name not in known or not listed(known[name]):
            raise QueryError(f"{metric} is no number of invoices of {question.direction}: there is nothing to list")
        checks.require_part(known[name], key, self._reader.zone)
        moment = question.moment(self._reader.clock(), self._reader.zone)
        with self._reader.view() as view:
            asked = self._asked(viewer, view, question, moment, scope)
            asked.day.keep(view)  # whoever reads the lines may do so from any thread
            proving = _Proving(asked, known, known[name], key)
            found = proving.figure(known[name], key)
            figure = sum(found.values()) if isinstance(found, Mapping) else found
            yield Listing(figure, _complete(proving.lines(known[name], key), figure, metric))

    def invoices(self, viewer: Viewer, question: Question, scope: Scope) -> tuple[InvoiceLine, ...]:
        """All invoices that count under a node (those removed by C8 too), by promise."""
        moment = question.moment(self._reader.clock(), self._reader.zone)
        with self._reader.view() as view:
            lines = invoices.all_lines(self._asked(viewer, view, question, moment, scope), ANY)
        return _by_promise(lines)

    def invoice(self, viewer: Viewer, direction: Direction, invoice_no: str, moment: Moment) -> InvoiceDetail:
        """One invoice with its events. Raises ``QueryError`` where nobody has reported it."""
        if direction not in DIRECTIONS:
            raise QueryError(f"there is no direction {direction!r}: use DELIVERY or RETURN")
        key = invoice_key(direction, invoice_no)
        with self._reader.view() as view:
            found = dict(_logs(view, [key]))
            if not found:
                raise NotKnownError(
                    f"there is no {direction} invoice {invoice_no}: no event of it has arrived", invoice_no
                )
            log = found[key]
            state = fold(direction, invoice_no, log, self._reader.zone, moment.as_of, moment.known_at)
            day = (
                tm.parse_date(state.promise.service_date)
                if state.promise
                else tm.local_date(log.max_time, self._reader.zone)
            )
            tree = view.master.hierarchy.on(day)
            _require(viewer, tree, day, Scope("camp", state.camp or UNMAPPED))
        return InvoiceDetail(state, moment, _events(direction, log, moment))


def _require(viewer: Viewer, tree: HubTree, day: date, node: Scope) -> None:
    if node.level == "friend":
        viewer.require(tree, day, "camp", node.camp or UNMAPPED)
    else:
        viewer.require(tree, day, node.level, node.hub)


@dataclass(frozen=True)
class _Proving:
    """The figures of one node with what they are made of."""

    asked: Asked
    known: Mapping[str, Metric]
    metric: Metric
    key: str

    def figure(self, metric: Metric, key: str) -> Any:
        """As in an answer; of one part what the whole has under its key."""
        whole = self._figures[metric.id]
        if not key or whole is None:
            return whole
        if key in whole:
            return whole[key]
        # A part that is not there counts nothing; of nothing there is no share, and without time no rate.
        return None if metric.unit == "per_hour" or (metric.unit == "ratio" and not whole) else 0

    @cached_property
    def _figures(self) -> dict[str, Any]:
        names = {self.metric.id, *(metric.id for metric, _ in self._parts(self.metric, self.key))}
        needs = frozenset(self.known[name].needs for name in names)
        asked, question = self.asked, self.asked.question
        grain: Grain = "friend" if asked.node.level == "friend" else "camp"
        total = Tally()
        for place, tally in asked.day.tallies(grain, question.direction, question.wave, needs).items():
            if asked.has(place[0], place[-1]):
                total.add(tally)
        if "backlog" in needs:
            for place, tally in asked.day.waiting(grain, question.direction, question.wave).items():
                if asked.has(place[0], place[-1], asked.ground.moment):
                    total.add(tally)
        return figures(total, question.direction, asked.zone, names)

    def _parts(self, metric: Metric, key: str) -> Iterator[tuple[Metric, str]]:
        """The counted and added figures, each with its part, that a figure is made from: itself, or both sides."""
        match metric.measure:
            case Ratio(numerator, denominator):
                yield from ((self.known[name], "") for name in (numerator, denominator))
            case Shares(parts, total):
                yield self.known[parts], key
                yield self.known[total], ""
            case FriendRatio(numerator, denominator):
                yield from ((self._added(FriendSum, part), "") for part in (numerator, denominator))
            case FriendRate(part):
                yield self._added(FriendHours, part), ""
                yield self._added(FriendSum, "net_on_road"), ""
            case FriendHours("rate" | "stop_rate" as part):
                yield self._added(FriendHours, "worked" if part == "rate" else "stops"), key
                yield self._added(FriendHours, "net"), key
            case _:
                yield metric, key

    def _added(self, kind: type[FriendSum] | type[FriendHours], part: str) -> Metric:
        return next(m for m in self.known.values() if isinstance(m.measure, kind) and m.measure.part == part)

    def sides(self, metric: Metric, key: str) -> Iterator[Side]:
        """The sides of a figure."""
        for part, part_key in self._parts(metric, key):
            yield self._side(part, part_key)

    def _side(self, metric: Metric, key: str) -> Side:
        figure = self.figure(metric, key)
        match metric.measure:
            case FriendSum() | FriendSplit() | FriendHours() | FriendLatest() as measure:
                terms = friend_terms(self.asked, metric, measure)
            case Plan() as measure:
                hours = frozenset(self._figures[metric.id] or ()) if measure.part == "hours" else frozenset()
                terms = plan_terms(self.asked, measure, hours)
            case _:
                return Side(metric, key, figure, self._lines(metric, key))
        return Side(metric, key, figure, terms=tuple(term for term in terms if key in {"", term.key}))

    def lines(self, metric: Metric, key: str) -> Iterable[InvoiceLine]:
        """The invoices of a figure that is a number of them, in no order; read on the way where a predicate decides."""
        match metric.measure:
            case Count(where) | SplitCount(where):
                return invoices.counted_lines(self.asked, metric, where, key)
            case CompletionHours():
                return invoices.hour_lines(self.asked, key)
            case AgeSplit() | StalledCount():
                return invoices.waiting_lines(self.asked, metric, key)
            case AfterDeadline():
                return invoices.after_deadline_lines(self.asked)
            case AtRisk():
                return invoices.at_risk_lines(self.asked)
            case LoadCount(part):
                return invoices.load_lines(self.asked, part)
            case _:
                raise QueryError(f"{metric.id} is no figure of invoices")

    def _lines(self, metric: Metric, key: str) -> tuple[InvoiceLine, ...]:
        match metric.measure:
            case LastCompletion():
                return tuple(invoices.latest_lines(self.asked))
            case CompletionPercentile(share):
                return tuple(invoices.percentile_lines(self.asked, share))
            case StageMinutes(stage):
                return tuple(invoices.stage_lines(self.asked, stage))
            case _:
                return _by_promise(self.lines(metric, key))


def _complete(lines: Iterable[InvoiceLine], figure: int, metric: str) -> Iterator[InvoiceLine]:
    """The lines; ``QueryError`` after the last where they are not as many as the figure says."""
    number = 0
    for line in lines:
        number += 1
        yield line
    if number != figure:
        raise QueryError(f"{metric} is {figure} but {number} invoices were found: look at hubstat audit")


def _by_promise(lines: Iterable[InvoiceLine]) -> tuple[InvoiceLine, ...]:
    return tuple(sorted(lines, key=lambda line: (line.promise, line.invoice_no)))


def _events_of(view: View, sides: Sequence[Side], moment: Moment) -> dict[str, tuple[EventLine, ...]]:
    """The events of every invoice that a line or a term names."""
    named = {line.invoice for side in sides for line in side.lines}
    named |= {each for side in sides for term in side.terms for each in term.invoices}
    return {key: _events(_direction(key), log, moment) for key, log in _logs(view, sorted(named))}


def _direction(key: str) -> Direction:
    return "RETURN" if key.startswith("RETURN:") else "DELIVERY"


def _logs(view: View, keys: Sequence[str]) -> Iterator[tuple[str, EventLog]]:
    for start in range(0, len(keys), _IDS):
        query = {"ids": {"values": list(keys[start : start + _IDS])}}
        for key, document in view.invoices.documents(query, ["events"]):
            yield key, restore_invoice(key, document)


def _events(direction: Direction, log: EventLog, moment: Moment) -> tuple[EventLine, ...]:
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
    return tuple(sorted(lines, key=lambda line: (line.time, RANK[direction][line.code], line.event_id, line.received)))
