"""A closed day answered from its facts, as a ``Day`` that everything above reads like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from aggregations import compiler
from aggregations.counting import Camps, Grain, Progress, add_tallies
from aggregations.day import ALL_NEEDS, Day, Limits
from aggregations.facts.documents import (
    CAMP_DAY,
    CURRENT,
    FINAL,
    FRIEND_DAY,
    Document,
    Known,
    friend_day_of,
    restored,
)
from aggregations.question import Moment
from aggregations.tally import Key, Tallies, Tally
from aggregations.work import Place
from hubstat.domain import time as tm
from hubstat.domain.baselines import Baselines
from hubstat.domain.codes import DIRECTIONS, Direction
from hubstat.domain.friendday import FriendDay
from hubstat.domain.masterdata import MasterData
from hubstat.domain.metric import Need
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.elastic import facts, marks
from hubstat.elastic.facts import Record
from hubstat.elastic.store import Store

_WORK: Final[frozenset[Need]] = frozenset({"friends", "projection"})


def closed_day(
    store: Store,
    look: Callable[[], Any],
    master: MasterData,
    country: str,
    service_date: date,
    moment: Moment,
    baselines: Baselines,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Day | None:
    """A date at (C, C), or at (C, K) with a K since it was rolled up, from its facts; arguments as of ``Day``.

    None where it has none that hold: T is not its closing, it was not rolled up or is marked to be again, or other
    master data, definitions or baselines are in force now.
    """
    closing = tm.closing(service_date, tm.zone(country))
    if moment.as_of != closing:
        return None
    record = valid_record(store, service_date.isoformat(), master.version, baselines.version)
    if record is None:
        return None
    known: Known
    if moment.known_at == closing:
        known = FINAL
    elif moment.known_at >= record.rolled_up_at:
        known = CURRENT
    else:
        return None
    return FactDay(
        store, record, known, look, master, country, service_date, moment, baselines, limits or Limits(), progress
    )


def valid_record(store: Store, service_date: str, master_version: int, baselines_version: int) -> Record | None:
    """The record of a date whose facts hold now, under these versions; None where they do not."""
    record = facts.record(store.client, store.namespace, service_date)
    if record is None or not record.documents:
        return None
    versions = (record.master_version, record.definition_version, record.baselines_version)
    if versions != (master_version, DEFINITION_VERSION, baselines_version):
        return None
    return None if marks.get(store.client, store.namespace, service_date) is not None else record


class FactDay(Day):
    """A closed day. Facts are read when first asked for; if the date is rolled up anew just then, it is counted."""

    def __init__(self, store: Store, record: Record, known: Known, *of_day: Any) -> None:
        super().__init__(*of_day)
        self._store = store
        self._record = record
        self._known = known

    def tallies(self, grain: Grain, direction: Direction, wave: str, needs: frozenset[Need]) -> dict[Key, Tally]:
        """Tallies by (camp,) or (camp, Friend) of one wave or all, with the Friends' work where it is needed."""
        read = self._facts(grain)
        if read is None:
            return super().tallies(grain, direction, wave, needs)
        found: dict[Key, Tally] = {}
        add_tallies(found, _of_wave(read.counted[direction], wave))
        if needs & _WORK:
            add_tallies(found, read.work)
        return found

    def all_waiting(self, grain: Grain, direction: Direction) -> Tallies:
        """What waits at T by (camp, wave) or (camp, Friend, wave)."""
        read = self._facts(grain)
        return super().all_waiting(grain, direction) if read is None else read.waiting[direction]

    def counted(self, grain: Grain, direction: Direction, needs: frozenset[Need] = ALL_NEEDS) -> Tallies:
        """Everything of the invoices under the date by (camp, wave) or (camp, Friend, wave)."""
        read = self._facts(grain)
        return super().counted(grain, direction, needs) if read is None else read.counted[direction]

    def days(self) -> tuple[FriendDay, ...]:
        """Friend-days that belong to the camps asked for."""
        read = self._facts("friend")
        return super().days() if read is None else tuple(read.days)

    def work(self, needs: frozenset[Need] = ALL_NEEDS) -> dict[Place, Tally]:
        """Friends' work by place, also what the projection adds."""
        read = self._facts("friend")
        return super().work(needs) if read is None else {(key[0], key[1]): tally for key, tally in read.work.items()}

    def _facts(self, grain: Grain) -> _Read | None:
        """The facts of a grain; None where they were changed before they were read whole."""
        with self._lock:
            key = ("facts", grain)
            if key not in self._kept:
                self._kept[key] = self._read(grain)
            found: _Read | None = self._kept[key]
            return found

    def _read(self, grain: Grain) -> _Read | None:
        read = _Read(grain, self._limits)
        for _, document in self._documents(grain):
            read.take(document)
        read.complete()
        record = self._record
        now = valid_record(self._store, record.service_date, record.master_version, record.baselines_version)
        return read if now == record else None

    def _documents(self, grain: Grain) -> Iterator[tuple[str, Document]]:
        index = f"{self._store.namespace}-{CAMP_DAY if grain == 'camp' else FRIEND_DAY}"
        filters: list[compiler.Query] = [{"term": {"known": self._known}}]
        limits = self._limits
        if limits.camps is not None and limits.waiting is not None:
            filters.append(compiler.in_camps(sorted({*limits.camps, *limits.waiting}, key=lambda camp: camp or "")))
        return facts.of_date(self._store.client, index, self._record.service_date, *filters)


class _Read:
    """What the documents of one grain hold."""

    def __init__(self, grain: Grain, limits: Limits) -> None:
        self._grain = grain
        self._limits = limits
        self.counted: dict[Direction, Tallies] = {direction: {} for direction in DIRECTIONS}
        self.waiting: dict[Direction, Tallies] = {direction: {} for direction in DIRECTIONS}
        self.work: Tallies = {}
        self.days: list[FriendDay] = []

    def take(self, document: Document) -> None:
        camp = document.get("camp")
        place: Key = (camp,) if self._grain == "camp" else (camp, document.get("friend"))
        asked = _asked(self._limits.camps, camp)
        if document["of"] == "work":
            if asked:
                if "parts" in document:
                    self.work[place] = Tally.of_document(document["parts"])
                if "day" in document:
                    self.days.append(friend_day_of(document["day"]))
            return
        key = (*place, document["wave"])
        if "parts" in document and asked:
            self.counted[document["direction"]][key] = Tally.of_document(document["parts"])
        if "waiting" in document and _asked(self._limits.waiting, camp):
            self.waiting[document["direction"]][key] = Tally.of_document(document["waiting"])

    def complete(self) -> None:
        for tallies in (self.counted, self.waiting):
            for direction in DIRECTIONS:
                tallies[direction] = restored(tallies[direction])
        self.days.sort(key=lambda day: day.friend_id)


def _asked(camps: Camps, camp: str | None) -> bool:
    return camps is None or camp in camps


def _of_wave(tallies: Mapping[Key, Tally], wave: str) -> Tallies:
    return {key[:-1]: tally for key, tally in tallies.items() if key[-1] == wave}
