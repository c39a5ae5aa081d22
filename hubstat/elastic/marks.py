"""Marks of service dates that must be rolled up again, as the roll-up sees them; ingest writes its own.

One document a date. Each write moves its sequence number, so a mark that was made again since it was read stays.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from hubstat.elastic.many import write_many
from hubstat.elastic.names import Names

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it was read. ``marked_at``: ms."""

    service_date: str
    marked_at: int
    seq_no: int
    primary_term: int


def put(client: Elasticsearch, namespace: str, dates: Iterable[str]) -> int:
    """Mark dates; how many."""
    index, now = Names(namespace).rollup_marks, time.time_ns() // 1_000_000
    actions = [
        {"_index": index, "_id": date, "_source": {"service_date": date, "marked_at": now}} for date in sorted(dates)
    ]
    write_many(client, actions)
    return len(actions)


def pending(client: Elasticsearch, namespace: str) -> list[Mark]:
    """Every mark, in the order of the dates."""
    index = Names(namespace).rollup_marks
    client.indices.refresh(index=index)
    answer = client.search(index=index, size=_MOST, seq_no_primary_term=True, sort=["service_date"])
    return [
        Mark(hit["_id"], hit["_source"]["marked_at"], hit["_seq_no"], hit["_primary_term"])
        for hit in answer["hits"]["hits"]
    ]


def get(client: Elasticsearch, namespace: str, date: str) -> Mark | None:
    """The mark of a date as it is now; None where there is none."""
    try:
        found = client.get(index=Names(namespace).rollup_marks, id=date)
    except NotFoundError:
        return None
    return Mark(date, found["_source"]["marked_at"], found["_seq_no"], found["_primary_term"])


def clear(client: Elasticsearch, namespace: str, mark: Mark) -> bool:
    """Take a mark away; False where it was made again, or taken away, since it was read."""
    try:
        client.delete(
            index=Names(namespace).rollup_marks,
            id=mark.service_date,
            if_seq_no=mark.seq_no,
            if_primary_term=mark.primary_term,
        )
    except (ConflictError, NotFoundError):
        return False
    return True
