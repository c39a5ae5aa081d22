"""The last back-test of the projection: one document for each definition version and hour of day, and one for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from elasticsearch import Elasticsearch

from hubstat.elastic.many import write_many
from hubstat.elastic.names import Names

Document = dict[str, Any]
_MOST: Final = 100


def keep(client: Elasticsearch, namespace: str, documents: Iterable[Document]) -> None:
    """Keep the documents of all hours, each with ``definition_version`` and ``hour``, in the place of the former."""
    index = Names(namespace).backtests
    write_many(client, ({"_index": index, "_id": _id(document), "_source": document} for document in documents))
    client.indices.refresh(index=index)


def recorded(client: Elasticsearch, namespace: str, definition_version: int) -> list[Document]:
    """The documents of a definition version; none where it was never back-tested."""
    answer = client.search(
        index=Names(namespace).backtests,
        ignore_unavailable=True,
        query={"term": {"definition_version": definition_version}},
        size=_MOST,
    )
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def _id(document: Document) -> str:
    hour = document["hour"]
    return f"{document['definition_version']}-{'all' if hour is None else hour}"
