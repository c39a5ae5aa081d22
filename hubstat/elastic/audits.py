"""Audits as they are recorded: one document each, so that a date's audits can be shown and need not be repeated."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from elasticsearch import Elasticsearch

from hubstat.elastic.names import Names

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Audit:
    """What one audit of a date at (T, K) found.

    as_of, known_at, began_at: ms. differing: figures; lost: records not accounted for, twins among them. report: the
    lines that were printed.
    """

    service_date: str
    as_of: int
    known_at: int
    cells: int
    differing: int
    lost: int
    clean: bool
    began_at: int
    seconds: float
    report: list[str]


def keep(client: Elasticsearch, namespace: str, audit: Audit) -> None:
    """Record an audit."""
    document_id = f"{audit.service_date}-{audit.began_at}"
    client.index(index=Names(namespace).audits, id=document_id, document=asdict(audit), refresh=True)


def recorded(client: Elasticsearch, namespace: str, service_date: str | None = None) -> list[Audit]:
    """Audits of a date (None: of all), the latest first."""
    query: dict[str, Any] = {"match_all": {}} if service_date is None else {"term": {"service_date": service_date}}
    answer = client.search(
        index=Names(namespace).audits,
        ignore_unavailable=True,
        query=query,
        size=_MOST,
        sort=[{"began_at": {"order": "desc", "unmapped_type": "date"}}],
    )
    return [Audit(**hit["_source"]) for hit in answer["hits"]["hits"]]
