"""One namespace of Elasticsearch, as the readers see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch, NotFoundError

from hubstat.domain.masterdata import MasterData
from hubstat.elastic import hubs
from hubstat.elastic.search import PointInTime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What an ingest worker last said of itself: when, and the received time of its oldest unwritten record (ms)."""

    worker: str
    written_at: int
    oldest_unwritten_at: int | None


class Store:
    """Reads of one namespace. ``client``: a connected client."""

    def __init__(self, client: Elasticsearch, namespace: str) -> None:
        self.client = client
        self.namespace = namespace
        self._master: MasterData | None = None

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

    def heartbeats(self) -> list[Heartbeat]:
        """The last report of every ingest worker."""
        found = self.client.search(
            index=f"{self.namespace}-ingest-status", size=1000, ignore_unavailable=True, allow_no_indices=True
        )
        return [
            Heartbeat(hit["_source"]["worker"], hit["_source"]["written_at"], hit["_source"]["oldest_unwritten_at"])
            for hit in found["hits"]["hits"]
        ]

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
