"""What the roll-up keeps: documents of a service date under fixed ids, replaced whole; and the record of each date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

import orjson
from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from hubstat.elastic.many import write_many
from hubstat.elastic.names import Names
from hubstat.elastic.search import PointInTime

Document = dict[str, Any]
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a date that was rolled up: with which master data, definitions and baselines.

    documents: how many facts it has. history_hash: of its share in the baselines of later dates. rolled_up_at: ms.
    seq_no, primary_term: guards of its next write; -1 for one that is not stored yet.
    """

    service_date: str
    rolled_up_at: int
    master_version: int
    definition_version: int
    baselines_version: int
    documents: int
    history_hash: str
    seq_no: int = -1
    primary_term: int = -1


_FIELDS: Final = [name for name in Record.__slots__ if name not in {"seq_no", "primary_term"}]


def replace(
    client: Elasticsearch,
    index: str,
    service_date: str,
    documents: Mapping[str, Document],
    lasting: Set[str] = frozenset(),
) -> int:
    """Make these, by id, all documents of a date in an index; how many had to be written or taken away.

    A document that is there already with the same content is not written; ``lasting`` names fields that do not count
    as content, such as the time it was noted at: they stay as they are.
    """
    actions: list[dict[str, Any]] = []
    left = dict(documents)
    client.indices.refresh(index=index)
    for document_id, present in of_date(client, index, service_date):
        wanted = left.pop(document_id, None)
        if wanted is None:
            actions.append({"_op_type": "delete", "_index": index, "_id": document_id})
        elif _content(present, lasting) != _content(wanted, lasting):
            actions.append({"_index": index, "_id": document_id, "_source": wanted})
    actions += [{"_index": index, "_id": document_id, "_source": wanted} for document_id, wanted in left.items()]
    if actions:
        write_many(client, actions)
        client.indices.refresh(index=index)
    return len(actions)


def _content(document: Document, lasting: Set[str]) -> bytes:
    return orjson.dumps(
        {name: value for name, value in document.items() if name not in lasting and value is not None},
        option=orjson.OPT_SORT_KEYS,
    )


def of_date(
    client: Elasticsearch, index: str, service_date: str, *more: dict[str, Any]
) -> Iterator[tuple[str, Document]]:
    """Documents (id, source) of a date in an index that match some more queries, as of the last refresh."""
    with PointInTime(client, index) as view:
        yield from view.documents({"bool": {"filter": [{"term": {"service_date": service_date}}, *more]}}, ["*"])


def records(client: Elasticsearch, namespace: str) -> dict[str, Record]:
    """Every date that was rolled up, in order."""
    index = Names(namespace).rollup_dates
    client.indices.refresh(index=index)
    answer = client.search(
        index=index, size=_MOST, source_includes=_FIELDS, seq_no_primary_term=True, sort=["service_date"]
    )
    return {hit["_id"]: _record(hit) for hit in answer["hits"]["hits"]}


def record(client: Elasticsearch, namespace: str, service_date: str) -> Record | None:
    """The record of one date as it is now; None where it was not rolled up."""
    try:
        hit = client.get(index=Names(namespace).rollup_dates, id=service_date, source_includes=_FIELDS)
    except NotFoundError:
        return None
    return _record(dict(hit))


def _record(hit: Mapping[str, Any]) -> Record:
    return Record(**hit["_source"], seq_no=hit["_seq_no"], primary_term=hit["_primary_term"])


def keep_record(client: Elasticsearch, namespace: str, new: Record, history: Any, before: Record | None) -> bool:
    """Keep the record of a date in the place of ``before``; False where somebody else has written it since."""
    index = Names(namespace).rollup_dates
    document = {name: getattr(new, name) for name in _FIELDS} | {"history": history}
    try:
        if before is None:
            client.create(index=index, id=new.service_date, document=document)
        else:
            client.index(
                index=index,
                id=new.service_date,
                document=document,
                if_seq_no=before.seq_no,
                if_primary_term=before.primary_term,
            )
    except ConflictError:
        return False
    return True


def histories(client: Elasticsearch, namespace: str, dates: list[str]) -> dict[str, Any]:
    """What some dates give to baselines; those that were not rolled up are left out."""
    if not dates:
        return {}
    answer = client.mget(index=Names(namespace).rollup_dates, ids=dates, source_includes=["history"])
    return {doc["_id"]: doc["_source"]["history"] for doc in answer["docs"] if doc.get("found")}


def first_date(client: Elasticsearch, namespace: str) -> str | None:
    """The earliest date that has an index of invoices or Friend documents; None where nothing is stored."""
    names = Names(namespace)
    found: list[str] = []
    for pattern in (names.invoices("*"), names.friends("*")):
        indices = client.indices.get(index=pattern, features="aliases", allow_no_indices=True).body
        found += [index.removeprefix(pattern.removesuffix("*")) for index in indices]
    return min(found, default=None)


def has_data(client: Elasticsearch, namespace: str, service_date: str) -> bool:
    """Whether, as of the last refresh, any invoice states a service date, or Friends have documents of that local date.

    Dates without any have no facts: nothing is due, and what waits then is counted when somebody asks.
    """
    names = Names(namespace)
    asked = ((names.all_invoices, "due_dates"), (names.friends(service_date), "date"))
    return any(
        client.count(
            index=index, query={"term": {field: service_date}}, allow_no_indices=True, ignore_unavailable=True
        )["count"]
        for index, field in asked
    )
