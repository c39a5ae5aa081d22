"""How the installation is: who writes and how far, which camps are silent, what was refused, restated and audited."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, Final

from aggregations.reader import Reader
from aggregations.viewer import Viewer
from hubstat.domain import time as tm
from hubstat.domain.hierarchy import LEVELS, UNMAPPED, Hierarchy, HubTree
from hubstat.domain.invoice import FOLD_VERSION
from hubstat.domain.metrics import DEFINITION_VERSION
from hubstat.elastic import audits, facts, overview
from hubstat.elastic.audits import Audit
from hubstat.elastic.overview import Cluster, Heard, LetterGroup, Restated, RestatedDate
from hubstat.elastic.retry import briefly
from hubstat.elastic.store import Heartbeat

# A worker reports every second, and a report shows with the next refresh.
WORKER_SILENT_MS: Final = 10_000
# A camp with open invoices in a running shift of which nothing was heard for so long is silent.
CAMP_SILENT_MS: Final = 30 * tm.MINUTE
# Looking over all invoices of the day costs what a tick of the board does: it is done no more often than this (ms).
_LEAST_INTERVAL: Final = 10_000
_AUDITS: Final = 10


@dataclass(frozen=True, slots=True)
class Worker:
    """An ingest worker by its last report. reasons: why it is not healthy.

    reported_at: ms. lag_seconds: age of what it has not written; records: read a second in the last minute; p50, p99:
    seconds from received to written. What it did not say is None.
    """

    name: str
    reported_at: int
    silent: bool
    healthy: bool
    reasons: Sequence[str]
    partitions: int
    lag_seconds: float | None
    records: float | None
    p50: float | None
    p99: float | None
    retries: int
    refused: int


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition as its worker reports it. lag: records not committed; complete_to: ms, all before it is written.

    worker: who holds it, None where nobody that reports does; then lag is None too, for nobody looks.
    """

    name: str
    worker: str | None
    committed: int | None
    end: int | None
    lag: int | None
    complete_to: int | None


@dataclass(frozen=True, slots=True)
class SilentCamp:
    """A camp with open invoices of which nothing is heard. last_event: ms, of any invoice that counts there."""

    camp: str
    name_ko: str
    name_en: str
    area_ko: str
    area_en: str
    open: int
    last_event: int


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that is not what it was at closing, with the name of its hub: of a Friend that of the camp."""

    restated: Restated
    name_ko: str
    name_en: str

    @property
    def place(self) -> str:
        """Its hub as the address of a screen names it."""
        each = self.restated
        return f"{each.parent}/{each.hub}" if each.level == "friend" else each.hub


@dataclass(frozen=True, slots=True)
class Health:
    """All of it at one moment (ms).

    data_to: as of ``Reader.data_to``. camps: how many were expected to be heard of; silent_camps: the longest silent
    first. restated: by date; changes: what was and is, the last noted first, of ``all_changes``. closed: date that was
    rolled up last. audits: the latest first. versions: by what they are of.
    """

    at: int
    data_to: int | None
    dates: Sequence[date]
    workers: Sequence[Worker]
    partitions: Sequence[Partition]
    camps: int
    silent_camps: Sequence[SilentCamp]
    letters: Sequence[LetterGroup]
    restated: Sequence[RestatedDate]
    changes: Sequence[Change]
    all_changes: int
    closed: tuple[str, int] | None
    audits: Sequence[Audit]
    cluster: Cluster
    versions: Mapping[str, str]

    @property
    def lag(self) -> int | None:
        """Records that ingest has yet to commit; None where nobody reports, or not of every partition."""
        lags = [partition.lag for partition in self.partitions]
        return None if None in lags or not lags else sum(lag or 0 for lag in lags)


class Watch:
    """Looks at the installation for a viewer, at most once per interval however many ask."""

    def __init__(self, reader: Reader, viewer: Viewer, refresh_seconds: float) -> None:
        self._reader: Final = reader
        self._viewer: Final = viewer
        self._interval: Final = max(int(refresh_seconds * 1000), _LEAST_INTERVAL)
        self._lock: Final = threading.Lock()
        self._last: Health | None = None

    def look(self) -> Health:
        """The installation now, or one interval ago. Raises ``AccessError`` without a right to the whole country.

        Raises ``EngineError`` where Elasticsearch does not answer.
        """
        reader = self._reader
        master = reader.store.master_data(reader.country)
        today = tm.local_date(reader.clock(), reader.zone)
        self._viewer.require(master.hierarchy.on(today), today, "nationwide", reader.country)
        with self._lock:
            if self._last is None or reader.clock() - self._last.at >= self._interval:
                url = str(next(iter(reader.store.client.transport.node_pool.all())).base_url)
                self._last = briefly(self._look, url)
            return self._last

    def _look(self) -> Health:
        reader = self._reader
        client, namespace = reader.store.client, reader.store.namespace
        now = reader.clock()
        dates = reader.active_dates()
        beats = reader.store.heartbeats()
        hierarchy = reader.store.master_data(reader.country).hierarchy
        changed, all_changes = overview.restated(client, namespace)
        heard = overview.last_heard(client, namespace, [day.isoformat() for day in dates])
        cluster = overview.cluster(client)
        closed = max(facts.records(client, namespace).values(), key=lambda each: each.service_date, default=None)
        return Health(
            now,
            reader.data_to(now),
            dates,
            [worker_of(beat, now) for beat in beats],
            partitions_of(beats, now),
            sum(1 for each in heard.values() if each.open),
            silent_camps(heard, hierarchy.on(dates[0]), now),
            overview.letters(client, namespace),
            overview.restated_dates(client, namespace),
            ordered_changes([change_of(each, hierarchy) for each in changed]),
            all_changes,
            None if closed is None else (closed.service_date, closed.rolled_up_at),
            audits.recorded(client, namespace)[:_AUDITS],
            cluster,
            {
                "hubstat": version("hubstat"),
                "definitions": str(DEFINITION_VERSION),
                "fold": str(FOLD_VERSION),
                "elasticsearch": cluster.version,
            },
        )


def change_of(each: Restated, hierarchy: Hierarchy) -> Change:
    """A restatement with the name that its hub had on its date."""
    tree = hierarchy.on(date.fromisoformat(each.service_date))
    hub = tree.hub("camp", each.parent or UNMAPPED) if each.level == "friend" else tree.hub(each.level, each.hub)
    return Change(each, hub.name_ko, hub.name_en)


def ordered_changes(changes: Sequence[Change]) -> list[Change]:
    """The last noted first; of one date the greatest hub first, then by figure, direction and wave."""

    def order(change: Change) -> tuple[Any, ...]:
        each = change.restated
        day = -date.fromisoformat(each.service_date).toordinal()
        level = (*LEVELS, "friend").index(each.level)
        return -each.noted_at, day, level, change.place, each.metric, each.part, each.direction, each.wave

    return sorted(changes, key=order)


def worker_of(beat: Heartbeat, now: int) -> Worker:
    """A worker from its report. now: ms."""
    said: Mapping[str, Any] = beat.details
    health, latency, totals = (said.get(part, {}) for part in ("health", "latency", "totals"))
    silent = now - beat.written_at > WORKER_SILENT_MS
    return Worker(
        beat.worker,
        beat.written_at,
        silent,
        bool(health.get("healthy")) and not silent,
        tuple(health.get("reasons", ())),
        0 if silent else len(said.get("partitions", {})),
        None if silent else health.get("lag_seconds"),
        None if silent else said.get("rates", {}).get("records"),
        None if silent else latency.get("p50"),
        None if silent else latency.get("p99"),
        totals.get("retries", 0),
        totals.get("refused", 0),
    )


def partitions_of(beats: Sequence[Heartbeat], now: int) -> list[Partition]:
    """Every partition that a worker names, the most behind first; those that nobody holds before all others."""
    reached: dict[str, int | None] = {}
    held: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for beat in beats:
        for name, said in beat.complete_to.items():
            known = reached.get(name)
            reached[name] = said if known is None else max(known, said or 0)
        if now - beat.written_at <= WORKER_SILENT_MS:
            held |= {name: (beat.worker, reach) for name, reach in beat.details.get("partitions", {}).items()}
    found = [_partition(name, held.get(name), at) for name, at in reached.items()]
    return sorted(found, key=lambda each: (each.lag is not None, -(each.lag or 0), each.name))


def _partition(name: str, holder: tuple[str, Mapping[str, Any]] | None, complete_to: int | None) -> Partition:
    if holder is None:
        return Partition(name, None, None, None, None, complete_to)
    worker, reach = holder
    committed, end = reach.get("committed"), reach.get("end")
    lag = None if end is None else max(0, end - (committed or 0))
    return Partition(name, worker, committed, end, lag, complete_to)


def silent_camps(heard: Mapping[str, Heard], tree: HubTree, now: int) -> list[SilentCamp]:
    """Camps with open invoices of which nothing was heard for ``CAMP_SILENT_MS``, the longest silent first."""
    found = []
    for camp, each in heard.items():
        if each.open and now - each.at >= CAMP_SILENT_MS and tree.knows(camp):
            hub = tree.hub("camp", camp)
            area = tree.hub("area", tree.path(camp).area)
            found.append(SilentCamp(camp, hub.name_ko, hub.name_en, area.name_ko, area.name_en, each.open, each.at))
    return sorted(found, key=lambda each: (each.last_event, each.camp))
