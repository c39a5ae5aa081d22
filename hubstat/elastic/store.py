"""One namespace of Elasticsearch, as the readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from elasticsearch import Elasticsearch, NotFoundError

from hubstat.domain.baselines import NO_BASELINES, Baselines
from hubstat.domain.masterdata import MasterData
from hubstat.elastic import baselines, hubs
from hubstat.elastic.names import Names
from hubstat.elastic.search import PointInTime

# Baselines of so many dates stay in memory: a few boards are looked at, and each is some megabytes.
_BASELINES_KEPT: Final = 7
# As many as Elasticsearch gives at once; a worker that has gone for good is forgotten by hand.
_MOST_WORKERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What an ingest worker last said of itself, and when (ms).

    complete_to: for every partition of the topics, by ``topic-partition``, a time (ms) before which every record
    received is written and seen by searches; None where it does not know. details: the rest of its report
    (``ingest.telemetry.report``).
    """

    worker: str
    written_at: int
    complete_to: Mapping[str, int | None]
    details: Mapping[str, Any] = field(default_factory=dict)


class Store:
    """Reads of one namespace. ``client``: a connected client."""

    def __init__(self, client: Elasticsearch, namespace: str) -> None:
        self.client = client
        self.namespace = namespace
        self._master: MasterData | None = None
        self._baselines: dict[str, Baselines] = {}

    def point_in_time(self, pattern: str) -> PointInTime:
        """A frozen view over this namespace's indices of a pattern, such as ``invoices-*``."""
        return PointInTime(self.client, f"{self.namespace}-{pattern}")

    def master_data(self, country: str) -> MasterData:
        """The master data in force; parsed again only when their version has changed."""
        version = hubs.installed_version(self.client, self.namespace)
        known = self._master
        if known is None or known.version != version:
            known = self._master = hubs.load(self.client, self.namespace, country)
        return known

    def baselines(self, service_date: str) -> Baselines:
        """The baselines in force for a date, else ``NO_BASELINES``; a version is read once."""
        version, _ = baselines.latest_version(self.client, self.namespace, service_date)
        known = self._baselines.get(service_date)
        if known is None or known.version != version:
            kept = baselines.latest(self.client, self.namespace, service_date) if version else None
            known = NO_BASELINES if kept is None else kept.baselines
            others = [item for item in self._baselines.items() if item[0] != service_date]
            self._baselines = dict([(service_date, known), *others][:_BASELINES_KEPT])
        return known

    def heartbeats(self) -> list[Heartbeat]:
        """The last report of every ingest worker, by name. Raises ApiError where not all of them can be read."""
        found = self.client.search(
            index=Names(self.namespace).ingest_status,
            size=_MOST_WORKERS,
            sort="worker",
            allow_partial_search_results=False,
            ignore_unavailable=True,
            allow_no_indices=True,
        )
        sources = [hit["_source"] for hit in found["hits"]["hits"]]
        return [
            Heartbeat(each["worker"], each["written_at"], each.get("complete_to", {}), each.get("details", {}))
            for each in sources
        ]

    def forget_worker(self, worker: str) -> bool:
        """Take out the report of a worker that is gone for good; False where there is none."""
        try:
            self.client.delete(index=Names(self.namespace).ingest_status, id=worker, refresh=True)
        except NotFoundError:
            return False
        return True

    def identity(self) -> str:
        """Tells the stored data of this namespace from those of another one, or from what there is after a deletion."""
        index = Names(self.namespace).dead_letters
        found = self.client.indices.get_settings(index=index, filter_path="*.settings.index.uuid")
        return " ".join(sorted(each["settings"]["index"]["uuid"] for each in found.values()))

    def refresh(self) -> None:
        """Make everything written so far visible to searches."""
        self.client.indices.refresh(index=f"{self.namespace}-*", allow_no_indices=True, ignore_unavailable=True)

    def get(self, index: str, document_id: str) -> dict[str, Any] | None:
        """One document by id, None where there is none."""
        try:
            found: dict[str, Any] = self.client.get(index=f"{self.namespace}-{index}", id=document_id)["_source"]
        except NotFoundError:
            return None
        return found
