"""The invoices behind a counted figure: Elasticsearch finds the settled ones, folding finds the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from aggregations import compiler
from aggregations.compiler import Query
from aggregations.counting import InvoiceCounter, loading_of_text
from aggregations.day import Day, View
from aggregations.proofs.model import InvoiceLine, Sentence
from aggregations.proofs.wording import Wording, lateness
from aggregations.question import ALL_WAVES, UNASSIGNED, Question, Scope
from aggregations.rollup import Ground, camps_below, inside
from aggregations.tally import backlog_contributions
from hubstat.domain import time as tm
from hubstat.domain.backlog import AGE_LIMITS, AGES, STALLED_AFTER, waiting_of
from hubstat.domain.baselines import nearest_rank
from hubstat.domain.document import invoice_key, minute_of
from hubstat.domain.hierarchy import UNMAPPED, HubTree
from hubstat.domain.invoice import InvoiceState, Stage
from hubstat.domain.loading import LoadPart, loading_of
from hubstat.domain.measures import Predicate, holds, split_key
from hubstat.domain.metric import Metric, SplitCount
from hubstat.domain.metrics_invoices import COMPLETED, DUE, OPEN
from hubstat.domain.projection import Pending
from hubstat.domain.row import Row, row_of

# Documents that one request names by their ids.
_IDS: Final = 5_000
Found = Iterator[tuple[InvoiceState, Row]]


@dataclass(frozen=True)
class Asked:
    """What is asked of one look at a day: everything below a node."""

    day: Day
    view: View
    ground: Ground
    question: Question
    node: Scope
    zone: ZoneInfo

    @property
    def wording(self) -> Wording:
        """Words sentences about the date."""
        return Wording(self.zone, self.question.service_date.isoformat())

    @property
    def counter(self) -> InvoiceCounter:
        """Counts the date."""
        return self.day.counter(self.view)

    def of_wave(self, wave: str | None) -> bool:
        """Whether a wave is asked for."""
        return self.question.wave in {ALL_WAVES, wave}

    def has(self, camp: str | None, friend: str | None, tree: HubTree | None = None) -> bool:
        """Whether a place lies in the node, by the hierarchy of the date or another."""
        if self.node.level != "friend":
            return inside(tree or self.ground.day, self.node, camp)
        return (camp or UNMAPPED) == self.node.camp and (friend or UNASSIGNED) == self.node.hub


def line_of(state: InvoiceState, row: Row, as_of: int, why: Sentence) -> InvoiceLine:
    """The line of a counted invoice at T (ms)."""
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
        late=lateness(state, row, as_of),
        reason=row.reason,
        why=why,
    )


def standing_line(state: InvoiceState, row: Row, as_of: int, zone: ZoneInfo) -> InvoiceLine:
    """The line of an invoice by itself: where it stands against its promise."""
    wording = Wording(zone, state.promise.service_date if state.promise else "")
    return line_of(state, row, as_of, wording.standing(state, row, as_of))


def counted_lines(asked: Asked, metric: Metric, where: Predicate, key: str = "") -> Iterator[InvoiceLine]:
    """Invoices of a figure that a predicate decides, as they are read; of one part of it where a key is given."""
    split = metric.measure.split if isinstance(metric.measure, SplitCount) else None
    context = asked.day.context
    for state, row in _matching(asked, where):
        part = "" if split is None else split_key(split, row, context)
        if key in {"", part}:
            why = asked.wording.counted(metric, state, row, context)
            yield replace(line_of(state, row, context.as_of, why), key=part)


def all_lines(asked: Asked, where: Predicate) -> list[InvoiceLine]:
    """Invoices that a predicate holds for, each with where it stands."""
    as_of = asked.day.context.as_of
    return [
        line_of(state, row, as_of, asked.wording.standing(state, row, as_of)) for state, row in _matching(asked, where)
    ]


def hour_lines(asked: Asked, key: str = "") -> list[InvoiceLine]:
    """Completed due invoices by local hour of completion, of one hour where a key (``2026-11-20T09``) is given."""
    start = hour_of(key, asked.zone) if key else None
    more = [] if start is None else [{"range": {"completed_at": {"gte": start, "lt": start + tm.HOUR}}}]
    found = []
    for state, row, at in _completions(asked, more):
        label = tm.hour_label(at // tm.HOUR, asked.zone)
        if key in {"", label}:
            found.append(replace(_line(asked, state, row, asked.wording.completed(at)), key=label))
    return found


def hour_of(label: str, zone: ZoneInfo) -> int | None:
    """Start (ms) of the hour a label names; None for one that names none."""
    try:
        return int(datetime.strptime(label, "%Y-%m-%dT%H").replace(tzinfo=zone).timestamp()) * 1000
    except ValueError:
        return None


def after_deadline_lines(asked: Asked) -> list[InvoiceLine]:
    """Due invoices completed after the deadline of their wave."""
    context = asked.day.context
    ends = {wave: minute_of(context.deadline(wave)) * tm.MINUTE for wave in context.deadlines}
    by_wave: list[Query] = [
        compiler.all_of([{"term": {"due_wave": wave}}, {"range": {"completed_at": {"gt": end}}}])
        for wave, end in sorted(ends.items())
    ]
    other_waves = {"range": {"completed_at": {"gt": minute_of(context.day_end) * tm.MINUTE}}}
    by_wave.append(compiler.all_of([other_waves], [{"terms": {"due_wave": sorted(ends)}}]))
    late = {"bool": {"should": by_wave, "minimum_should_match": 1}}
    found = []
    for state, row, at in _completions(asked, [late]):
        deadline = context.deadline(row.wave)
        if minute_of(at) > minute_of(deadline):
            found.append(_line(asked, state, row, asked.wording.after_deadline(at, row.wave, deadline)))
    return found


def latest_lines(asked: Asked) -> list[InvoiceLine]:
    """Completed due invoices in the order of their completions; the last one decides."""
    ordered = sorted(_completions(asked), key=lambda item: (item[2], item[0].invoice_no))
    last = ordered[-1][2] if ordered else 0
    return [
        replace(
            _line(asked, state, row, asked.wording.completed(at) + _place(rank, len(ordered))),
            value=minute_of(at),
            rank=rank,
            decides="latest" if at == last else "",
        )
        for rank, (state, row, at) in enumerate(ordered, 1)
    ]


def percentile_lines(asked: Asked, share: float) -> list[InvoiceLine]:
    """Completed due invoices in the order of their minutes; those of the minute at the nearest rank decide."""
    found = [(minute_of(at), state, row, asked.wording.completed(at)) for state, row, at in _completions(asked)]
    return _ranked(asked, found, {"percentile": share})


def stage_lines(asked: Asked, stage: Stage) -> list[InvoiceLine]:
    """Returns with the minutes of a stage, in their order; those at the ranks of the median and p90 decide."""
    found = []
    for state, row in _matching(asked, COMPLETED, [{"exists": {"field": "stage_cells"}}]):
        for each, minutes in state.stages:
            if each == stage:
                found.append((minutes, state, row, asked.wording.stage(stage, state, minutes)))
    return _ranked(asked, found, {"median": 0.5, "p90": 0.9})


def _ranked(
    asked: Asked, found: list[tuple[int, InvoiceState, Row, Sentence]], shares: dict[str, float]
) -> list[InvoiceLine]:
    found.sort(key=lambda item: (item[0], item[1].invoice_no))
    values = [value for value, *_ in found]
    deciding = {name: nearest_rank(values, share) for name, share in shares.items()} if values else {}
    return [
        replace(
            _line(asked, state, row, why + _place(rank, len(found))),
            value=value,
            rank=rank,
            decides=" ".join(name for name, decisive in deciding.items() if decisive == value),
        )
        for rank, (value, state, row, why) in enumerate(found, 1)
    ]


def _place(rank: int, of: int) -> Sentence:
    return Sentence(f"{of:,}건 중 {rank:,}번째", f"{rank:,} of {of:,}")


def waiting_lines(asked: Asked, metric: Metric, key: str = "") -> list[InvoiceLine]:
    """Invoices of the backlog, whatever their service date; placed by the hierarchy of T's local date."""
    as_of, direction = asked.day.moment.as_of, asked.question.direction
    counter, tree = asked.counter, asked.ground.moment
    camps = camps_below(tree, asked.node)
    stored = asked.view.invoices.documents(
        compiler.all_of([counter.waiting_query(direction, camps), *_waits(metric, key, as_of)]), ["events"]
    )
    states = ((state, waiting_of(state)) for state in (counter.fold(each, document) for each, document in stored))
    found = []
    for state, waiting in itertools.chain(states, counter.folded_waiting(direction, camps)):
        row = row_of(state)
        if waiting is None or row is None or not asked.of_wave(waiting.wave):
            continue
        parts = dict(backlog_contributions(waiting, as_of))
        if metric.id not in parts or key not in {"", parts[metric.id]} or not asked.has(row.camp, state.friend, tree):
            continue
        part = parts[metric.id]
        why = asked.wording.waiting(waiting, as_of) if part else asked.wording.stalled(waiting, as_of)
        found.append(replace(line_of(state, row, as_of, why), key=part))
    return found


def _waits(metric: Metric, key: str, as_of: int) -> list[Query]:
    """What of the backlog's figure Elasticsearch can judge: how old, or for how long nothing has happened."""
    if key in AGES:
        number = AGES.index(key)
        older = {"gt": as_of - AGE_LIMITS[number + 1]} if number + 1 < len(AGES) else {}
        return [{"range": {"waits_since": {"lte": as_of - AGE_LIMITS[number], **older}}}]
    if metric.id == "m6_stalled":
        return [{"range": {"last_event_at": {"lte": as_of - STALLED_AFTER}}}]
    return []


def at_risk_lines(asked: Asked) -> list[InvoiceLine]:
    """Open invoices whose stop is projected after a promise that is still ahead."""
    stops: dict[str, tuple[Pending, int, int, int]] = {}
    for projection in asked.day.outlook().by_friend.values():
        late = set(projection.at_risk())
        for place, stop in enumerate(projection.stops, 1):
            for each in late.intersection(stop.invoices):
                if each.direction == asked.question.direction and stop.finish is not None:
                    key = invoice_key(each.direction, each.invoice_no)
                    stops[key] = (each, place, len(projection.stops), stop.finish)
    found = []
    for state, row in itertools.chain(_by_key(asked, OPEN, sorted(stops)), _folded(asked, OPEN)):
        risk = stops.get(invoice_key(state.direction, state.invoice_no))
        if risk is not None:
            found.append(_line(asked, state, row, asked.wording.at_risk(*risk)))
    return found


def load_lines(asked: Asked, part: LoadPart) -> list[InvoiceLine]:
    """Due deliveries that a Friend held at the first departure, all of them or those not loaded by then."""
    if asked.question.direction != "DELIVERY":
        return []
    departures = asked.day.departures()
    # The field alone tells who counts, so that only their events are read.
    held_by = asked.view.invoices.documents(_settled_query(asked, DUE, [{"exists": {"field": "loading"}}]), ["loading"])
    keys = [key for key, document in held_by if part in loading_of_text(document["loading"]).parts(departures)]
    found = []
    for state, row in itertools.chain(_by_key(asked, DUE, keys), _folded(asked, DUE)):
        loading = loading_of(state, row)
        if loading is None or part not in loading.parts(departures):
            continue
        held = list(loading.held_at(departures))
        missing = [(friend, at) for friend, at in held if loading.loaded_at is None or loading.loaded_at > at]
        friend, at = (missing or held)[0]
        found.append(_line(asked, state, row, asked.wording.load(friend, at, loading.loaded_at)))
    return found


def _line(asked: Asked, state: InvoiceState, row: Row, why: Sentence) -> InvoiceLine:
    return line_of(state, row, asked.day.context.as_of, why)


def _completions(asked: Asked, more: Sequence[Query] = ()) -> Iterator[tuple[InvoiceState, Row, int]]:
    for state, row in _matching(asked, COMPLETED, more):
        if state.completed_at is not None:
            yield state, row, state.completed_at


def _matching(asked: Asked, where: Predicate, more: Sequence[Query] = ()) -> Found:
    """Invoices below the node that a predicate holds for. more: also holds for the settled ones that are read."""
    yield from _settled(asked, where, more)
    yield from _folded(asked, where)


def _by_key(asked: Asked, where: Predicate, keys: Sequence[str]) -> Found:
    """Those of some settled invoices that a predicate holds for."""
    for start in range(0, len(keys), _IDS):
        yield from _settled(asked, where, [{"ids": {"values": list(keys[start : start + _IDS])}}])


def _settled(asked: Asked, where: Predicate, more: Iterable[Query]) -> Found:
    query, counter = _settled_query(asked, where, more), asked.counter
    for key, document in asked.view.invoices.documents(query, ["events", "cell"]):
        state, row = counter.fold(key, document), Row.of_cell(document["cell"])
        if asked.has(row.camp, state.friend):
            yield state, row


def _settled_query(asked: Asked, where: Predicate, more: Iterable[Query]) -> Query:
    question, moment = asked.question, asked.day.moment
    filters = [
        *compiler.counted_on(question.service_date.isoformat()),
        {"term": {"direction": question.direction}},
        *compiler.settled(moment.as_of, moment.known_at),
        compiler.compile_predicate(where, asked.day.context),
        *more,
    ]
    if question.wave != ALL_WAVES:
        filters.append({"term": {"due_wave": question.wave}})
    camps = camps_below(asked.ground.day, asked.node)
    if camps is not None:
        filters.append(compiler.in_camps(camps))
    if asked.node.level == "friend" and asked.node.hub != UNASSIGNED:
        filters.append({"term": {"friend": asked.node.hub}})
    return compiler.all_of(filters)


def _folded(asked: Asked, where: Predicate) -> Found:
    context = asked.day.context
    camps = camps_below(asked.ground.day, asked.node)
    for state, row in asked.counter.folded(asked.question.direction, camps):
        if asked.of_wave(row.wave) and asked.has(row.camp, state.friend) and holds(where, row, context):
            yield state, row
