"""Baselines as they are kept: one document a service date and version; what was in force once is never overwritten."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from elasticsearch import ConflictError, Elasticsearch

from hubstat.domain.baselines import Baselines
from hubstat.elastic.names import Names

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """One version. inputs: hash of what it was made from; samples: how much that was; computed_at: ms."""

    baselines: Baselines
    inputs: str
    samples: dict[str, Any]
    computed_at: int


def latest(client: Elasticsearch, namespace: str, service_date: str) -> Kept | None:
    """The version in force; None where there is none."""
    hits = _search(client, namespace, service_date, None)
    return _kept(hits[0]["_source"]) if hits else None


def latest_version(client: Elasticsearch, namespace: str, service_date: str) -> tuple[int, str]:
    """Number (0: none) and inputs of the version in force."""
    hits = _search(client, namespace, service_date, ["version", "inputs"])
    return (hits[0]["_source"]["version"], hits[0]["_source"]["inputs"]) if hits else (0, "")


def versions(client: Elasticsearch, namespace: str) -> dict[str, tuple[int, str]]:
    """Number and inputs of the version in force of every date."""
    index = Names(namespace).baselines
    client.indices.refresh(index=index)
    answer = client.search(
        index=index, size=_MOST, source_includes=["service_date", "version", "inputs"], sort=["version"]
    )
    sources = [hit["_source"] for hit in answer["hits"]["hits"]]
    return {source["service_date"]: (source["version"], source["inputs"]) for source in sources}


def keep(client: Elasticsearch, namespace: str, new: Kept) -> bool:
    """Keep a new version; False where somebody else has kept one of its number."""
    index = Names(namespace).baselines
    try:
        client.create(index=index, id=_id(new.baselines), document=_document(new), refresh=True)
    except ConflictError:
        return False
    return True


def note_inputs(client: Elasticsearch, namespace: str, same: Kept) -> None:
    """Keep that other inputs, too, give a version that is there."""
    client.index(index=Names(namespace).baselines, id=_id(same.baselines), document=_document(same), refresh=True)


def _id(baselines: Baselines) -> str:
    return f"{baselines.service_date}-{baselines.version}"


def _document(kept: Kept) -> dict[str, Any]:
    return {
        "service_date": kept.baselines.service_date,
        "version": kept.baselines.version,
        "inputs": kept.inputs,
        "computed_at": kept.computed_at,
        "baselines": kept.baselines.to_document(),
        "samples": kept.samples,
    }


def _kept(source: dict[str, Any]) -> Kept:
    return Kept(Baselines.of_document(source["baselines"]), source["inputs"], source["samples"], source["computed_at"])


def _search(client: Elasticsearch, namespace: str, service_date: str, fields: list[str] | None) -> list[Any]:
    answer = client.search(
        index=Names(namespace).baselines,
        ignore_unavailable=True,
        query={"term": {"service_date": service_date}},
        sort=[{"version": {"order": "desc", "unmapped_type": "integer"}}],
        size=1,
        source_includes=fields,
    )
    hits: list[Any] = answer["hits"]["hits"]
    return hits


def now_ms() -> int:
    """The present, ms."""
    return time.time_ns() // 1_000_000
