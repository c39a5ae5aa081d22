"""Reading at one point in time: exact, complete answers, or an error; never a truncated one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from elasticsearch import Elasticsearch, NotFoundError

from hubstat.elastic.retry import briefly
from hubstat.elastic.writer import Found, Version
from hubstat.errors import QueryError

_TERMS: Final = 60_000
_PAGE: Final = 10_000
# Of documents and hits fewer: an answer is unpacked in one go, while nobody else of the process gets his turn.
_DOCUMENTS: Final = 500
_HITS: Final = 2_500


class Hit(NamedTuple):
    """A matching document. fields: first value of each that it has (times as text); names: of the named queries."""

    document_id: str
    sequence: int
    fields: dict[str, Any]
    names: Sequence[str]


class PointInTime:
    """A frozen view over the indices of a pattern; every request through it sees the same documents.

    Use as a context manager. Requests that Elasticsearch answered in part raise ``QueryError``. took: what all of them
    took there, ms.
    """

    def __init__(self, client: Elasticsearch, pattern: str, *, keep_alive: str = "5m") -> None:
        self._client = client
        self._pattern = pattern
        self._keep_alive = keep_alive
        self._id: str | None = None
        self._closed = False
        self.took = 0

    @classmethod
    def shared(cls, client: Elasticsearch, look: str | None) -> Self:
        """One that another process has opened, and closes. look: its ``shareable``."""
        found = cls(client, "")
        found._id = look
        return found

    @property
    def shareable(self) -> str | None:
        """What another process needs in order to look through it, too; None: nothing is stored."""
        return self._id

    def __enter__(self) -> Self:
        if self._client.indices.get(index=self._pattern, features="aliases", allow_no_indices=True).body:
            # A shard of an index that was created just now may not have started yet: that passes.
            address = str(next(iter(self._client.transport.node_pool.all())).base_url)
            opened = briefly(
                lambda: self._client.open_point_in_time(index=self._pattern, keep_alive=self._keep_alive), address
            )
            self._id = opened["id"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        if self._id is not None:
            with suppress(NotFoundError):  # nobody has looked through it for so long that it is closed already
                self._client.close_point_in_time(id=self._id)
            self._id = None

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        """One request. Raises ``QueryError`` where a shard failed or time ran out: half a figure is no figure."""
        if self._closed:  # by another thread: an empty answer would pass for a figure
            raise QueryError("this look at the data has been closed meanwhile: ask again")
        if self._id is None:
            return {"hits": {"hits": [], "total": {"value": 0}}, "aggregations": {}}
        body = {"track_total_hits": False, **body, "pit": {"id": self._id, "keep_alive": self._keep_alive}}
        try:
            answer: dict[str, Any] = self._client.search(body=body).body
        except NotFoundError as error:
            raise QueryError("this look at the data has been closed meanwhile: ask again") from error
        self._id = answer.get("pit_id", self._id)
        self.took += answer["took"]
        if answer["_shards"]["failed"] or answer.get("timed_out"):
            raise QueryError(
                f"Elasticsearch answered in part only ({answer['_shards']['failed']} of {answer['_shards']['total']} "
                "shards failed): look at its log and try again"
            )
        return answer

    def groups(
        self, query: dict[str, Any], field: str, latest: str | None = None
    ) -> Iterator[tuple[str, int, int | None]]:
        """Every value of a keyword with its count and, with ``latest``, the greatest value of that field (ms)."""
        sub = {"latest": {"max": {"field": latest}}} if latest else {}
        terms: dict[str, Any] = {"terms": {"field": field, "size": _TERMS}}
        if sub:
            terms["aggs"] = sub
        answer = self.search({"size": 0, "query": query, "aggs": {"groups": terms}})
        found = answer["aggregations"].get("groups", {"buckets": [], "sum_other_doc_count": 0})
        if found["sum_other_doc_count"] or found.get("doc_count_error_upper_bound"):
            for values, count, last in self.combinations(query, (field,), latest):
                if values[0] is not None:
                    yield values[0], count, last
            return
        for bucket in found["buckets"]:
            yield bucket["key"], bucket["doc_count"], _latest(bucket)

    def combinations(
        self, query: dict[str, Any], fields: Sequence[str], latest: str | None = None
    ) -> Iterator[tuple[tuple[str | None, ...], int, int | None]]:
        """Every combination of keyword values (None = missing) with its count, however many there are.

        With ``latest``, also the greatest value of that field (ms).
        """
        sub = {"latest": {"max": {"field": latest}}} if latest else {}
        for values, bucket in self.buckets(query, fields, sub):
            yield values, bucket["doc_count"], _latest(bucket)

    def buckets(
        self, query: dict[str, Any], fields: Sequence[str], sub: dict[str, Any]
    ) -> Iterator[tuple[tuple[str | None, ...], dict[str, Any]]]:
        """Every combination of keyword values (None = missing) with its bucket, which holds the sub-aggregations."""
        sources = [{field: {"terms": {"field": field, "missing_bucket": True}}} for field in fields]
        # Elasticsearch bounds the buckets of one answer, those of sub-aggregations among them.
        page = _PAGE // 2 if sub else _PAGE
        after: dict[str, Any] | None = None
        while True:
            composite: dict[str, Any] = {"size": page, "sources": sources}
            if after is not None:
                composite["after"] = after
            groups: dict[str, Any] = {"composite": composite}
            if sub:
                groups["aggs"] = sub
            answer = self.search({"size": 0, "query": query, "aggs": {"groups": groups}})
            found = answer["aggregations"].get("groups", {"buckets": []})
            for bucket in found["buckets"]:
                yield tuple(bucket["key"][field] for field in fields), bucket
            after = found.get("after_key")
            if after is None or len(found["buckets"]) < page:
                return

    def documents(
        self, query: dict[str, Any], source: Sequence[str] | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every matching document as (id, fields), in pages. source: the fields wanted; None: all, which is faster."""
        for document_id, _, fields in self.located(query, source):
            yield document_id, fields

    def located(
        self, query: dict[str, Any], source: Sequence[str] | None = None
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every matching document as (id, index, fields), in pages. source: as of :meth:`documents`."""
        for hit in self._pages({"query": query, "_source": True if source is None else list(source)}, _DOCUMENTS):
            yield hit["_id"], hit["_index"], hit["_source"]

    def versions(self, query: dict[str, Any]) -> Iterator[Found]:
        """Every matching document whole, with the guards of its next write, in pages."""
        for hit in self._pages({"query": query, "seq_no_primary_term": True}, _DOCUMENTS):
            version = Version(hit["_index"], hit["_seq_no"], hit["_primary_term"])
            yield Found(hit["_id"], version, hit["_source"])

    def values(self, query: dict[str, Any], field: str) -> Iterator[str]:
        """Every value of a binary field, in base64, over the matching documents, unsorted; repeated ones too."""
        wanted = {"_source": False, "stored_fields": "_none_", "docvalue_fields": [field]}
        for hit in self._pages({"query": query, **wanted}, _HITS):
            yield from hit["fields"].get(field, ()) if "fields" in hit else ()

    def hits(self, query: dict[str, Any], fields: Sequence[str]) -> Iterator[Hit]:
        """Every matching document, unsorted, in pages."""
        wanted = {"_source": False, "docvalue_fields": list(fields), "seq_no_primary_term": True}
        for hit in self._pages({"query": query, **wanted}, _HITS):
            values = {field: found[0] for field, found in hit.get("fields", {}).items()}
            yield Hit(hit["_id"], hit["_seq_no"], values, hit.get("matched_queries", ()))

    def _pages(self, body: dict[str, Any], size: int) -> Iterator[dict[str, Any]]:
        """Every hit of a request, so many at a time."""
        body = {**body, "size": size, "sort": [{"_shard_doc": "asc"}]}
        while True:
            hits = self.search(body)["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            body = {**body, "search_after": hits[-1]["sort"]}

    def count(self, query: dict[str, Any]) -> int:
        """Exact number of matching documents."""
        answer = self.search({"size": 0, "query": query, "track_total_hits": True})
        return int(answer["hits"]["total"]["value"])

    def distinct(self, query: dict[str, Any], field: str) -> int:
        """About how many values of a field the matching documents have."""
        answer = self.search({"size": 0, "query": query, "aggs": {"values": {"cardinality": {"field": field}}}})
        found = answer["aggregations"].get("values", {"value": 0})
        return int(found["value"])


def _latest(bucket: dict[str, Any]) -> int | None:
    value = bucket.get("latest", {}).get("value")
    return None if value is None else int(value)
