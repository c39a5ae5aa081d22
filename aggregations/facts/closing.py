"""The roll-up: closed dates computed whole and kept, and what follows from them: restatements and baselines.

One date is rolled up in this order, so that whatever ends it leaves the date marked, for the next roll-up:

1. its mark is read; a date without one is marked first,
2. everything that was written so far is made visible,
3. its contents are computed, as final, at (C, C), and as current, at (C, now),
4. the documents of the date become exactly those: facts, then restatements,
5. its record is kept, unless somebody else has kept one since 1,
6. the mark is cleared, unless it was made again since 1.

Nothing is ever incremented, and a date that has not changed writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from aggregations.day import Day, View
from aggregations.facts.baselines import baselines_of, refresh_baselines
from aggregations.facts.documents import KINDS, Contents, Gaps, documents_of
from aggregations.facts.history import hash_of, history_of, window
from aggregations.facts.restatements import restatements_of
from aggregations.question import Moment
from aggregations.reader import Reader
from hubstat.domain import time as tm
from hubstat.domain.baselines import minutes
from hubstat.domain.codes import DIRECTIONS
from hubstat.domain.friendday import FriendDetail
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.elastic import baselines as kept_baselines
from hubstat.elastic import facts, marks
from hubstat.elastic.facts import Document, Record
from hubstat.elastic.marks import Mark
from hubstat.elastic.names import Names
from hubstat.errors import QueryError

_ONE: Final = timedelta(days=1)
_NOTED: Final = frozenset({"noted_at"})


@dataclass(frozen=True, slots=True)
class Done:
    """What rolling up one date did. documents: facts it has; changed: written or taken away; restated: figures that are
    not what they were at closing; marked: it was marked again meanwhile, so it comes again."""

    service_date: date
    documents: int
    changed: int
    restated: int
    marked: bool


class RollUp:
    """Rolls up the dates of one installation; one at a time for each namespace."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._store = reader.store
        self._names = Names(reader.store.namespace)

    def last_closed(self) -> date | None:
        """The latest date that has closed and whose data reach beyond its closing; None where no worker ever reported.

        Until then records that belong to the final figures may still be on their way.
        """
        now = self._reader.clock()
        reached = self._reader.data_to(now)
        if reached is None:
            return None
        day = tm.local_date(now, self._reader.zone)
        while (closing := tm.closing(day, self._reader.zone)) > now or reached <= closing:
            day -= _ONE
        return day

    def due(self) -> dict[date, Mark | None]:
        """Closed dates to roll up, ascending: marked ones with their mark, others never rolled up or with versions of
        something that are not in force any more."""
        last = self.last_closed()
        if last is None:
            return {}
        client, namespace = self._store.client, self._store.namespace
        records = facts.records(client, namespace)
        versions = {day: version for day, (version, _) in kept_baselines.versions(client, namespace).items()}
        master = self._store.master_data(self._reader.country).version
        found: dict[date, Mark | None] = {}
        for day in self._calendar(last):
            text = day.isoformat()
            record = records.get(text)
            if record is None or (
                record.documents and _versions(record) != (master, DEFINITION_VERSION, versions.get(text, 0))
            ):
                found[day] = None
        for mark in marks.pending(client, namespace):
            day = tm.parse_date(mark.service_date)
            if day <= last:
                found[day] = mark
        return dict(sorted(found.items()))

    def known(self) -> list[date]:
        """Every closed date that may have invoices or Friend documents, or is due, ascending."""
        last = self.last_closed()
        return [] if last is None else sorted({*self._calendar(last), *self.due()})

    def _calendar(self, last: date) -> Iterator[date]:
        """Dates from the first one with an index of its own to ``last``: what came later is due on one of these."""
        first = facts.first_date(self._store.client, self._store.namespace)
        day = last + _ONE if first is None else tm.parse_date(first)
        while day <= last:
            yield day
            day += _ONE

    def require_closed(self, service_date: date) -> None:
        """Raise ``QueryError`` for a date that has not closed, or whose data do not reach its closing."""
        last = self.last_closed()
        closing = tm.iso_local(tm.closing(service_date, self._reader.zone), self._reader.zone)
        if last is None:
            raise QueryError("no ingest worker has reported yet: start one with `hubstat ingest` or `hubstat up`")
        if service_date > last:
            raise QueryError(
                f"{service_date} closes at {closing}, and ingest has not got beyond that: only closed dates roll up"
            )

    def roll_up(self, service_date: date) -> Done:
        """Roll up one closed date (see above). Raises what Elasticsearch raises; the date then is still marked."""
        client, namespace, text = self._store.client, self._store.namespace, service_date.isoformat()
        mark = marks.get(client, namespace, text)
        if mark is None:
            marks.put(client, namespace, [text])
            mark = marks.get(client, namespace, text)
        before = facts.record(client, namespace, text)
        self._store.refresh()
        moment = tm.closing(service_date, self._reader.zone)
        now = max(self._reader.clock(), moment)
        documents, restated, record, history = self._compute(service_date, moment, now)
        changed = 0
        for kind, found in documents.items():
            changed += facts.replace(client, f"{namespace}-{kind}", text, found)
        facts.replace(client, self._names.restatements, text, restated, _NOTED)
        # Also where nothing has changed: facts are known as of this roll-up and tell nothing of before.
        kept = facts.keep_record(client, namespace, record, history, before)
        cleared = kept and mark is not None and marks.clear(client, namespace, mark)
        if not kept:
            # Somebody else has rolled up the date meanwhile: what is there now may be a mixture.
            marks.put(client, namespace, [text])
        return Done(service_date, record.documents, changed, len(restated), not cleared)

    def _compute(
        self, service_date: date, closing: int, now: int
    ) -> tuple[dict[str, dict[str, Document]], dict[str, Document], Record, object]:
        """Facts by kind, restatements, record and share in baselines; all empty for a date without anything."""
        reader = self._reader
        with reader.view() as view:
            # Counted, and never read from the facts that are to be replaced.
            of_date = (view.master, reader.country, service_date)
            baselines = baselines_of(self._store, service_date)
            final = Day(reader.view, *of_date, Moment(closing, closing), baselines)
            current = Day(reader.view, *of_date, Moment(closing, now), baselines)
            with final.within(view), current.within(view):
                documents, restated, history = self._documents(view, final, current)
        record = Record(
            service_date.isoformat(),
            now,
            final.master.version,
            DEFINITION_VERSION,
            final.baselines.version,
            sum(len(found) for found in documents.values()),
            hash_of(history) if history else "",
        )
        return documents, restated, record, history

    def _documents(
        self, view: View, final: Day, current: Day
    ) -> tuple[dict[str, dict[str, Document]], dict[str, Document], dict[str, object]]:
        text = final.service_date.isoformat()
        if not facts.has_data(self._store.client, self._store.namespace, text):
            return {kind: {} for kind in KINDS}, {}, {}
        reading = final.friend_days(view)
        details = list(reading.details(reading.documents(None)))
        final.give_days([detail.day for detail in details])
        as_final = contents_of(final)
        as_final.gaps = {detail.day.friend_id: gaps_of(detail) for detail in details}
        as_current = contents_of(current)
        documents = documents_of(text, final.tree, as_final, as_current)
        history = history_of(as_final, final.tree, final.service_date, self._reader.zone)
        restated = restatements_of(self._reader, view, final, current, as_final, as_current)
        return documents, restated, history

    def refresh_baselines(self, waiting: set[date], only: date | None = None) -> list[tuple[date, int]]:
        """Bring baselines to what the closed dates give; the dates with a new version, and its number.

        Dates in whose window some are ``waiting`` to be rolled up have to wait, too. only: of this date alone.
        """
        last = self.last_closed()
        records = {
            day: record
            for day, record in facts.records(self._store.client, self._store.namespace).items()
            if record.documents
        }
        if last is None or not records:
            return []
        first, end = tm.parse_date(min(records)) + 2 * _ONE, last + 2 * _ONE
        days = [first + n * _ONE for n in range((end - first).days + 1)] if only is None else [only]
        blocked = {day.isoformat() for day in waiting}
        known = kept_baselines.versions(self._store.client, self._store.namespace)
        made: list[tuple[date, int]] = []
        for day in days:
            if day <= end and blocked.isdisjoint(window(day)):
                version = refresh_baselines(self._store, day, records, known.get(day.isoformat(), (0, "")))
                if version is not None:
                    made.append((day, version))
        return made


def contents_of(day: Day) -> Contents:
    """Everything counted of a day."""
    return Contents(
        camps={direction: day.counted("camp", direction) for direction in DIRECTIONS},
        friends={direction: day.counted("friend", direction) for direction in DIRECTIONS},
        waiting_camps={direction: day.all_waiting("camp", direction) for direction in DIRECTIONS},
        waiting_friends={direction: day.all_waiting("friend", direction) for direction in DIRECTIONS},
        work=day.work(),
        days=day.days(),
    )


def gaps_of(detail: FriendDetail) -> Gaps:
    """Remainders of a Friend's gaps that count for idle, by wave of the run and minute."""
    found: Gaps = {}
    for run in detail.runs:
        for gap in run.gaps:
            if gap.counted:
                counts = found.setdefault(run.wave, {})
                minute = minutes(gap.remainder)
                counts[minute] = counts.get(minute, 0) + 1
    return found


def _versions(record: Record) -> tuple[int, int, int]:
    return (record.master_version, record.definition_version, record.baselines_version)


Say = Callable[[str], None]


def roll_up_all(rolling: RollUp, dates: list[date], say: Say) -> list[Done]:
    """Roll up dates, ascending, each with the baselines that dates before it give; then refresh the others."""
    done: list[Done] = []
    waiting = set(rolling.due()) | set(dates)
    for day in sorted(dates):
        for made, version in rolling.refresh_baselines(waiting, day):
            say(f"baselines of {made}: version {version}")
        result = rolling.roll_up(day)
        done.append(result)
        if not result.marked:
            waiting.discard(day)
        say(
            f"{day}: {result.documents:,} documents, {result.changed:,} changed, {result.restated:,} figures restated"
            + (", marked again meanwhile" if result.marked else "")
        )
    for made, version in rolling.refresh_baselines(waiting):
        say(f"baselines of {made}: version {version}")
    return done
