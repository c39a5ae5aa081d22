"""Figures of one node over many service dates: closed dates in one request over their facts, the others one by one.

Each date's figures are those that ``Reader.query`` gives for it: the numbers that the facts of the camps' days hold
beside their exact parts, summed in Elasticsearch. A date whose facts do not hold is answered by the reader itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aggregations import compiler
from aggregations.facts.documents import CAMP_DAY, CURRENT, Known
from aggregations.question import ALL_WAVES, Question, Scope
from aggregations.reader import Reader
from aggregations.rollup import camps_of_row, resolve
from aggregations.tally import Tally, figures
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.codes import Direction
from hubstat.domain.metric import Ratio
from hubstat.domain.metrics import DEFINITION_VERSION, metrics_for
from hubstat.elastic import facts, spans
from hubstat.elastic.spans import Standing
from hubstat.errors import QueryError

MOST_DATES: Final = 400
_LEVELS: Final = ("nationwide", "region", "area", "camp")
_PLACES: Final = {"nationwide": "country", "region": "region", "area": "area"}
_SHARED: Final = ("due", "completed", "open", "closed")
_OWN: Final = ("base", "late", "late_open")
Sums = dict[str, int]


@dataclass(frozen=True, slots=True)
class DateRow:
    """One service date's figures by metric id. from_facts: whether its facts answered."""

    service_date: date
    figures: Mapping[str, Any]
    from_facts: bool


@dataclass(frozen=True, slots=True)
class History:
    """One node over some dates, and all of them together: ratios are formed from the sums."""

    scope: Scope
    rows: tuple[DateRow, ...]
    total: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked: every service date from ``first`` to ``last`` of a node at or above ``level``.

    hub: as of ``Question``; known: as of each date's closing, or as of now.
    """

    first: date
    last: date
    level: str = "nationwide"
    hub: str | None = None
    wave: str = ALL_WAVES
    direction: Direction = "DELIVERY"
    known: Known = CURRENT

    def __post_init__(self) -> None:
        if self.level not in _LEVELS:
            raise QueryError(f"a history is of one of {', '.join(_LEVELS)}, not of a {self.level}")
        if not 0 <= (self.last - self.first).days < MOST_DATES:
            raise QueryError(f"{self.first} to {self.last}: ask for 1 to {MOST_DATES} dates, the earlier one first")

    @property
    def dates(self) -> list[date]:
        """Its dates, ascending."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def fields_of(direction: Direction) -> dict[str, str]:
    """Metric id → field of the facts that holds its count."""
    prefix = "m1" if direction == "DELIVERY" else "m2"
    return {**{name: name for name in _SHARED}, **{f"{prefix}_{name}": name for name in _OWN}}


def metrics_of(direction: Direction) -> tuple[str, ...]:
    """The metrics of a history, in registry order: those counts, and the ratios of two of them."""
    fields = fields_of(direction)
    return tuple(
        metric.id
        for metric in metrics_for(direction).values()
        if metric.id in fields
        or (
            isinstance(metric.measure, Ratio)
            and {metric.measure.numerator, metric.measure.denominator} <= fields.keys()
        )
    )


def history(reader: Reader, viewer: Viewer, span: Span) -> History:
    """Figures of a node over many dates. Raises ``QueryError``, ``AccessError``."""
    master = reader.store.master_data(reader.country)
    scope = resolve(master.hierarchy.on(span.last), span.level, span.hub)
    for day in span.dates:
        viewer.require(master.hierarchy.on(day), day, scope.level, scope.hub)
    kept = _from_facts(reader, span, scope, master.version)
    rows: list[DateRow] = []
    for day in span.dates:
        sums = kept.get(day.isoformat())
        found = _asked(reader, viewer, span, scope, day) if sums is None else _figures(sums, span, reader.zone)
        rows.append(DateRow(day, found, sums is not None))
    names = fields_of(span.direction)
    total = {field: sum(row.figures[name] for row in rows) for name, field in names.items()}
    return History(scope, tuple(rows), _figures(total, span, reader.zone))


def _from_facts(reader: Reader, span: Span, scope: Scope, master_version: int) -> dict[str, Sums]:
    """Sums by date, of the dates whose facts hold before and after they are read."""
    versions = (master_version, DEFINITION_VERSION)
    before, now = _standing(reader, span), reader.clock()
    held = {
        day: record
        for day, record in before.records.items()
        if record.documents
        and day not in before.marked
        and record.rolled_up_at <= now
        and (record.master_version, record.definition_version) == versions
        and record.baselines_version == before.baselines.get(day, 0)
    }
    if not held:
        return {}
    sums = _sums(reader, span, scope)
    after = _standing(reader, span)
    none = dict.fromkeys(fields_of(span.direction).values(), 0)
    return {
        day: sums.get(day, none)
        for day, record in held.items()
        if day not in after.marked and after.records.get(day) == record
    }


def _standing(reader: Reader, span: Span) -> Standing:
    return spans.standing(reader.store.client, reader.store.namespace, span.first.isoformat(), span.last.isoformat())


def _sums(reader: Reader, span: Span, scope: Scope) -> dict[str, Sums]:
    """The facts' numbers by date. Of all waves, a camp's wave ``all`` stands for its waves where it is kept."""
    client, index = reader.store.client, f"{reader.store.namespace}-{CAMP_DAY}"
    fields = list(fields_of(span.direction).values())
    wanted: list[compiler.Query] = [
        {"range": {"service_date": {"gte": span.first.isoformat(), "lte": span.last.isoformat()}}},
        {"term": {"known": span.known}},
        {"term": {"of": "invoices"}},
        {"term": {"direction": span.direction}},
        _place(scope),
    ]
    if span.wave != ALL_WAVES:
        query = compiler.all_of([*wanted, {"term": {"wave": span.wave}}])
        return spans.sums_by_date(client, index, query, fields)[0]
    of_all: compiler.Query = {"term": {"wave": ALL_WAVES}}
    found, days = spans.sums_by_date(client, index, compiler.all_of(wanted), fields, of_all)
    for day in days:
        tallies: dict[tuple[str | None, str], Sums] = {}
        for _, document in facts.of_date(client, index, day, *wanted):
            if "due" in document:
                tallies[document.get("camp"), document["wave"]] = {name: document[name] for name in fields}
        own = {camp for camp, wave in tallies if wave == ALL_WAVES}
        counted = [sums for (camp, wave), sums in tallies.items() if (wave == ALL_WAVES) == (camp in own)]
        found[day] = {name: sum(sums[name] for sums in counted) for name in fields}
    return found


def _place(scope: Scope) -> compiler.Query:
    if scope.level == "camp":
        return compiler.in_camps(camps_of_row(scope.hub))
    return {"term": {_PLACES[scope.level]: scope.hub}}


def _figures(sums: Sums, span: Span, zone: ZoneInfo) -> dict[str, Any]:
    tally = Tally()
    for name, field in fields_of(span.direction).items():
        tally.counts[name, ""] = sums[field]
    return figures(tally, span.direction, zone, metrics_of(span.direction))


def _asked(reader: Reader, viewer: Viewer, span: Span, scope: Scope, day: date) -> Mapping[str, Any]:
    """The same figures of one date as the reader answers."""
    names = metrics_of(span.direction)
    closing = tm.closing(day, reader.zone)
    known_at = closing if span.known != CURRENT and closing <= reader.clock() else None
    question = Question(
        scope.level, day, f"{scope.level}:{scope.hub}", None, known_at, span.wave, span.direction, names
    )
    rows: Iterable[Mapping[str, Any]] = (
        row.figures for row in reader.query(viewer, question).rows if row.hub == scope.hub
    )
    none = dict.fromkeys(fields_of(span.direction).values(), 0)
    return next(iter(rows), _figures(none, span, reader.zone))
