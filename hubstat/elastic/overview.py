"""What the installation says of itself: the cluster, refused records, restated figures, when camps were heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from elasticsearch import Elasticsearch

from hubstat.domain.codes import Direction
from hubstat.elastic.dead_letters import Filter
from hubstat.elastic.names import Names


@dataclass(frozen=True, slots=True)
class Cluster:
    """Elasticsearch as it answers. status: green, yellow or red; disk_used: the fullest node's share, None = unsaid."""

    version: str
    status: str
    nodes: int
    unassigned_shards: int
    disk_used: float | None


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Open dead letters of one reason. latest: received time (ms) of the newest, with its field and what was wrong."""

    reason: str
    count: int
    latest: int
    topic: str
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class RestatedDate:
    """Restatements of one closed date: how many figures, and when the newest was noted (ms)."""

    service_date: str
    figures: int
    noted_at: int


# More reasons and dates than there can be: a page of each is one answer.
_REASONS: Final = 1_000
_DATES: Final = 400
_CAMPS: Final = 60_000
_RESTATED: Final = 200
# Fields that a restatement may lack.
_ABSENT: Final[dict[str, Any]] = {"parent": None, "old": None, "new": None}


def cluster(client: Elasticsearch) -> Cluster:
    """Health of the cluster now."""
    health = client.cluster.health().body
    used = [
        1 - fs["available_in_bytes"] / fs["total_in_bytes"]
        for node in client.nodes.stats(metric="fs", filter_path="nodes.*.fs.total").get("nodes", {}).values()
        if (fs := node.get("fs", {}).get("total", {})).get("total_in_bytes")
    ]
    return Cluster(
        client.info()["version"]["number"],
        health["status"],
        health["number_of_nodes"],
        health["unassigned_shards"],
        max(used, default=None),
    )


def letters(client: Elasticsearch, namespace: str) -> list[LetterGroup]:
    """Open dead letters by reason, the newest first."""
    newest = {"top_hits": {"size": 1, "sort": [{"received": "desc"}], "_source": ["topic", "field", "detail"]}}
    answer = client.search(
        index=Names(namespace).dead_letters,
        ignore_unavailable=True,
        query=Filter().query(),
        size=0,
        aggregations={
            "reasons": {
                "terms": {"field": "reason", "size": _REASONS},
                "aggregations": {"newest": newest, "latest": {"max": {"field": "received"}}},
            }
        },
    )
    found = [_group(bucket) for bucket in _buckets(answer.body, "reasons")]
    return sorted(found, key=lambda group: -group.latest)


def _group(bucket: dict[str, Any]) -> LetterGroup:
    newest = bucket["newest"]["hits"]["hits"][0]["_source"]
    return LetterGroup(
        bucket["key"],
        bucket["doc_count"],
        round(bucket["latest"]["value"]),
        newest["topic"],
        newest["field"],
        newest["detail"],
    )


def restated_dates(client: Elasticsearch, namespace: str) -> list[RestatedDate]:
    """Closed dates with figures that are not what they were at closing, the latest date first."""
    answer = client.search(
        index=Names(namespace).restatements,
        ignore_unavailable=True,
        size=0,
        aggregations={
            "dates": {
                "terms": {"field": "service_date", "size": _DATES, "order": {"_key": "desc"}},
                "aggregations": {"noted": {"max": {"field": "noted_at"}}},
            }
        },
    )
    return [
        RestatedDate(bucket["key_as_string"], bucket["doc_count"], round(bucket["noted"]["value"]))
        for bucket in _buckets(answer.body, "dates")
    ]


@dataclass(frozen=True, slots=True)
class Restated:
    """One figure, or one part of a split one ("" where it is not split), that is not what it was at closing.

    noted_at: ms.
    """

    service_date: str
    level: str
    hub: str
    parent: str | None
    direction: Direction
    wave: str
    metric: str
    part: str
    old: Any
    new: Any
    noted_at: int


def restated(client: Elasticsearch, namespace: str) -> tuple[list[Restated], int]:
    """Restated figures, those noted last first, at most 200 of them; and how many there are."""
    answer = client.search(
        index=Names(namespace).restatements,
        ignore_unavailable=True,
        allow_partial_search_results=False,
        track_total_hits=True,
        size=_RESTATED,
        sort=[{"noted_at": "desc"}, {"service_date": "desc"}],
        source_includes=list(Restated.__slots__),
    )
    found = [Restated(**_ABSENT | hit["_source"]) for hit in answer["hits"]["hits"]]
    return found, answer["hits"]["total"]["value"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a camp: due and open invoices, and the time (ms) of the latest event of all it has."""

    open: int
    at: int


def last_heard(client: Elasticsearch, namespace: str, service_dates: list[str]) -> dict[str, Heard]:
    """What was heard of each camp with invoices that count under some service dates.

    All shards answer, or the request fails: a camp that nobody asked is not one that is silent.
    """
    parts = {"at": {"max": {"field": "max_event_time"}}, "open": {"filter": {"exists": {"field": "pending"}}}}
    answer = client.search(
        index=Names(namespace).all_invoices,
        allow_no_indices=True,
        ignore_unavailable=True,
        allow_partial_search_results=False,
        query={"terms": {"due_date": service_dates}},
        size=0,
        aggregations={"camps": {"terms": {"field": "camp", "size": _CAMPS}, "aggregations": parts}},
    )
    return {
        bucket["key"]: Heard(bucket["open"]["doc_count"], round(bucket["at"]["value"]))
        for bucket in _buckets(answer.body, "camps")
    }


def _buckets(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.get("aggregations", {}).get(name, {"buckets": []})["buckets"]
    return found
