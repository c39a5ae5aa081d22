"""Facts of many dates at once: whether those of each date hold, and sums by date over the camps' documents.

A handful of requests, however many dates; no document's source is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from elasticsearch import Elasticsearch

from hubstat.elastic.facts import Record
from hubstat.elastic.names import Names
from hubstat.errors import QueryError

Sums = dict[str, dict[str, int]]
"""Field → sum, by service date."""

_MOST: Final = 10_000
_TIMES: Final = ("rolled_up_at",)
_NUMBERS: Final = ("master_version", "definition_version", "baselines_version", "documents")
_FIELDS: Final = ("service_date", "history_hash", "version", *_TIMES, *_NUMBERS)


@dataclass(slots=True)
class Standing:
    """How dates stand: their records, those that have a mark, and the number of the baselines in force, by date."""

    records: dict[str, Record] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    baselines: dict[str, int] = field(default_factory=dict)


def standing(client: Elasticsearch, namespace: str, first: str, last: str) -> Standing:
    """How the dates between two, both included, stand now. Raises ``QueryError`` where they cannot be told whole."""
    names = Names(namespace)
    indices = [names.rollup_dates, names.rollup_marks, names.baselines]
    client.indices.refresh(index=indices)
    answer = client.search(
        index=indices,
        size=_MOST,
        query={"range": {"service_date": {"gte": first, "lte": last}}},
        source=False,
        docvalue_fields=[{"field": name} for name in _FIELDS],
        seq_no_primary_term=True,
    )
    _whole(answer)
    hits = answer["hits"]["hits"]
    if len(hits) == _MOST:
        raise QueryError(f"{first} to {last} has too many versions of baselines to tell: ask for fewer dates")
    found = Standing()
    for hit in hits:
        values = {name: value[0] for name, value in hit["fields"].items()}
        day = values["service_date"]
        if hit["_index"] == names.rollup_dates:
            found.records[day] = _record(day, values, hit)
        elif hit["_index"] == names.rollup_marks:
            found.marked.add(day)
        else:
            found.baselines[day] = max(found.baselines.get(day, 0), values["version"])
    return found


def _record(day: str, values: dict[str, Any], hit: dict[str, Any]) -> Record:
    return Record(
        service_date=day,
        history_hash=values["history_hash"],
        seq_no=hit["_seq_no"],
        primary_term=hit["_primary_term"],
        **{name: int(values[name]) for name in (*_TIMES, *_NUMBERS)},
    )


def sums_by_date(
    client: Elasticsearch, index: str, query: dict[str, Any], fields: Sequence[str], apart: dict[str, Any] | None = None
) -> tuple[Sums, list[str]]:
    """Sums of whole numbers over the documents that match, as of the last refresh.

    apart: documents among them that are left out; the dates that have any come as well. Raises ``QueryError`` where a
    shard did not answer.
    """
    sums = {name: {"sum": {"field": name}} for name in fields}
    dates = {"terms": {"field": "service_date", "size": _MOST}}
    taken: dict[str, Any] = {"match_all": {}} if apart is None else {"bool": {"must_not": [apart]}}
    left: dict[str, Any] = {"match_none": {}} if apart is None else apart
    answer = client.search(
        index=index,
        size=0,
        track_total_hits=False,
        query=query,
        aggs={
            "taken": {"filter": taken, "aggs": {"dates": {**dates, "aggs": sums}}},
            "left": {"filter": left, "aggs": {"dates": dates}},
        },
    )
    _whole(answer)
    found = {
        bucket["key_as_string"]: {name: round(bucket[name]["value"]) for name in fields}
        for bucket in answer["aggregations"]["taken"]["dates"]["buckets"]
    }
    return found, [bucket["key_as_string"] for bucket in answer["aggregations"]["left"]["dates"]["buckets"]]


def _whole(answer: Any) -> None:
    if answer["_shards"]["failed"] or answer["timed_out"]:
        raise QueryError("Elasticsearch answered in part only: look at its log and try again")
