"""The writers' way to Elasticsearch: prebuilt NDJSON bulk bodies, guarded by sequence numbers, and exact look-ups.

Requests run in threads of their own, so the event loop neither blocks on sending megabytes nor on parsing answers.
Every method tries again for ever what can pass (``retry``), and raises only what cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import orjson
from elasticsearch import ApiError, Elasticsearch

from hubstat.elastic.client import connect
from hubstat.elastic.retry import NotNow, for_ever
from hubstat.errors import EngineError
from hubstat.settings import ElasticsearchSettings

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
# A bulk that is too much at once is sent again in halves, down to this; each success lets the next be larger by a step.
_LEAST_BODY_BYTES: Final = 4 * 1024
_BODY_STEP: Final = 16 * 1024
MAX_IDS: Final = 2_000
# Names of indices in one path, which may have 4 KB.
_INDICES_AT_ONCE: Final = 40
_MAX_HITS: Final = 10_000
# Errors of one item that say something about the cluster, not about the document: they pass.
_CLUSTER_ERRORS: Final = frozenset(
    {
        "index_not_found_exception",
        "cluster_block_exception",
        "unavailable_shards_exception",
        "no_shard_available_action_exception",
        "validation_exception",
        "index_closed_exception",
        "security_exception",
    }
)
_JSON: Final = {"accept": "application/json", "content-type": "application/json"}
_BULK_FILTER: Final = "errors,items.*.status,items.*._seq_no,items.*._primary_term,items.*.error"


# Not frozen, as one is made for every write, and a frozen one costs four times as much.
@dataclass(slots=True)
class Version:
    """Where a document is, and the guards its next write must carry."""

    index: str
    seq_no: int
    primary_term: int


@dataclass(slots=True)
class Write:
    """One whole document to write. ``version`` None: it must not exist yet in ``index``.

    blind: it is written whatever is there; its sequence number moves with every write.
    """

    index: str
    id: str
    body: bytes
    version: Version | None
    blind: bool = False

    def action(self) -> bytes:
        """Its action line."""
        place = b'{"_index":%b,"_id":%b' % (orjson.dumps(self.index), orjson.dumps(self.id))
        if self.blind:
            return b'{"index":%b}}' % place
        if self.version is None:
            return b'{"create":%b}}' % place
        guards = b'"if_seq_no":%d,"if_primary_term":%d' % (self.version.seq_no, self.version.primary_term)
        return b'{"index":%b,%b}}' % (place, guards)


@dataclass(frozen=True, slots=True)
class Refused:
    """Elasticsearch will never take this document: why."""

    why: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else wrote this document first."""


Outcome = Version | Conflict | Refused


@dataclass(frozen=True, slots=True)
class Found:
    """A stored document: its id, version and source."""

    id: str
    version: Version
    source: dict[str, Any]


class Writer:
    """Asynchronous access for writers. Usable from one event loop; close it at the end."""

    def __init__(self, settings: ElasticsearchSettings, url: str, threads: int = 4) -> None:
        self.url: Final = url
        self._client: Final[Elasticsearch] = connect(settings, url, connections=threads)
        self._body_bytes = MAX_BODY_BYTES
        self._written: set[str] = set()
        self._threads: Final = ThreadPoolExecutor(threads, thread_name_prefix="elasticsearch")

    def close(self) -> None:
        """Give up the threads and connections; requests in flight are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def bulk(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write documents; one outcome each, in order. Returns only when each was written, overtaken or refused.

        What is too much at once (429: no memory for it, 413: a limit on the way) is sent again in smaller requests;
        they grow again with success. A document that is too large alone is refused.

        Nobody knows what became of a write whose request failed. Elasticsearch may show it, in real time and to
        guards, and lose it afterwards: it could not append to its log, as with a full disk, and has not noticed yet. So
        a conflict after a failure counts only once its index is secure and the same write meets it again.
        """
        outcomes: list[Outcome | None] = [None] * len(writes)
        left = list(range(len(writes)))
        doubtful: set[int] = set()

        async def attempt() -> None:
            """One request. Pauses grow only while nothing of one is taken."""
            nonlocal left
            part = self._first(writes, left)
            try:
                again, reason = await self._send(writes, part, outcomes)
            except ApiError as error:
                if error.meta.status == 413 and len(part) == 1:
                    outcomes[part[0]] = Refused(f"too large for one request: {str(error)[:300]}")
                    left = left[1:]
                    return
                sent = sum(len(writes[place].body) for place in part)
                if error.meta.status == 413:
                    self._body_bytes = sent // 2
                    return
                if error.meta.status == 429:
                    self._body_bytes = max(_LEAST_BODY_BYTES, sent // 2)
                doubtful.update(part)
                raise
            except Exception:
                doubtful.update(part)
                raise
            doubtful.update(again)
            left = left[len(part) :] + again
            if not again:
                self._body_bytes = min(MAX_BODY_BYTES, self._body_bytes + _BODY_STEP)
            if len(again) == len(part):
                raise NotNow(f"{len(again)} documents, {reason}")

        while left:
            await for_ever(attempt, self.url, "writing")
            if not left and (left := sorted(place for place in doubtful if isinstance(outcomes[place], Conflict))):
                doubtful.clear()
                await self.secure(sorted({writes[place].index for place in left}))
        self._written.update(write.index for write in writes)
        return [outcome for outcome in outcomes if outcome is not None]

    def _first(self, writes: Sequence[Write], left: Sequence[int]) -> Sequence[int]:
        """The first of these that fit into one request, at least one."""
        size = 0
        for count, place in enumerate(left):
            size += len(writes[place].body)
            if count and size > self._body_bytes:
                return left[:count]
        return left

    async def _send(
        self, writes: Sequence[Write], places: Sequence[int], outcomes: list[Outcome | None]
    ) -> tuple[list[int], str]:
        """One request. Fills in outcomes; those that must be sent again are returned, with the last one's reason."""
        body = b"".join(part for place in places for part in _lines(writes[place]))
        answer = await self._request("POST", f"/_bulk?filter_path={_BULK_FILTER}", body)
        again: list[int] = []
        reason = ""
        for place, item in zip(places, answer["items"], strict=True):
            (result,) = item.values()
            outcome = _outcome(writes[place], result)
            if isinstance(outcome, str):
                again.append(place)
                reason = outcome
            else:
                outcomes[place] = outcome
        return again, reason

    async def put(self, index: str, doc_id: str, body: bytes) -> None:
        """Write one document of a small index, whatever is there; searches see it at once."""

        async def attempt() -> None:
            await self._request("PUT", f"/{index}/_doc/{doc_id}?refresh=true", body)

        await for_ever(attempt, self.url, "reporting")

    async def get(self, keys: Iterable[tuple[str, str]]) -> list[Found]:
        """Current documents by (index, id); those that do not exist are left out.

        Whole, as taking a part of a source costs Elasticsearch more than sending all of it.
        """
        asked = [{"_index": index, "_id": doc_id} for index, doc_id in keys]
        found: list[Found] = []
        for start in range(0, len(asked), MAX_IDS):
            body = orjson.dumps({"docs": asked[start : start + MAX_IDS]})

            async def attempt(body: bytes = body) -> list[Found]:
                answer = await self._request("POST", "/_mget", body)
                return _documents(answer["docs"])

            found += await for_ever(attempt, self.url, "reading documents")
        # Read in real time: a search may not see it yet, whoever wrote it.
        self._written.update(document.version.index for document in found)
        return found

    async def find(self, pattern: str, ids: Sequence[str], most: int = 2) -> list[Found]:
        """Documents of these ids in any index of a pattern, as of the last refresh.

        most: how many indices may hold one id. Complete or not at all: an answer that lacks a shard is asked for again.
        """
        found: list[Found] = []
        at_once = min(MAX_IDS, _MAX_HITS // most)
        target = f"/{pattern}/_search?allow_no_indices=true&ignore_unavailable=true&allow_partial_search_results=false"
        for start in range(0, len(ids), at_once):
            part = ids[start : start + at_once]
            body = orjson.dumps(
                {
                    "query": {"ids": {"values": part}},
                    "size": most * len(part),
                    "seq_no_primary_term": True,
                    "track_total_hits": False,
                }
            )

            async def attempt(body: bytes = body) -> list[Found]:
                answer = await self._request("POST", target, body)
                if answer.get("timed_out") or answer["_shards"]["failed"]:
                    raise NotNow("not every shard answered a look-up")
                return [_found(hit) for hit in answer["hits"]["hits"]]

            found += await for_ever(attempt, self.url, "looking up documents")
        return found

    async def show_written(self, more: Sequence[str] = ()) -> None:
        """Make every document that :meth:`bulk` has written or :meth:`get` has read visible to searches.

        more: patterns of further indices. For one caller at a time.
        """
        written, self._written = sorted(self._written), set()
        names = [*more, *written]
        try:
            for start in range(0, len(names), _INDICES_AT_ONCE):
                await self.refresh(",".join(names[start : start + _INDICES_AT_ONCE]), "making visible")
        except BaseException:
            self._written.update(written)
            raise

    async def secure(self, names: Sequence[str]) -> None:
        """Return when all that can be read of some indices, or patterns of them, outlives a crash.

        An index that cannot write fails then, and comes back without what it had shown and not kept.
        """
        for start in range(0, len(names), _INDICES_AT_ONCE):
            some = ",".join(names[start : start + _INDICES_AT_ONCE])
            await self._on_every_shard(some, "_flush", "flushed", "securing what is written")

    async def refresh(self, pattern: str, what: str = "refreshing") -> None:
        """Make everything written so far to a pattern visible to ``find``. ``what``: for the log."""
        await self._on_every_shard(pattern, "_refresh", "refreshed", what)

    async def _on_every_shard(self, pattern: str, action: str, done: str, what: str) -> None:
        target = f"/{pattern}/{action}?allow_no_indices=true&ignore_unavailable=true"

        async def attempt() -> None:
            answer = await self._request("POST", target)
            if answer["_shards"]["failed"]:
                raise NotNow(f"not every shard was {done}")

        await for_ever(attempt, self.url, what)

    async def _request(self, method: str, target: str, body: bytes | None = None) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._blocking, method, target, body)

    def _blocking(self, method: str, target: str, body: bytes | None) -> Any:
        path, _, query = target.partition("?")
        params = dict(part.split("=", 1) for part in query.split("&") if part)
        return self._client.perform_request(method, path, params=params, headers=_JSON, body=body).body


def all_written(outcomes: Iterable[Outcome], what: str) -> None:
    """Raises ``EngineError`` where a document that must be kept was refused for good; ``what``: in words."""
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            raise EngineError(f"Elasticsearch refuses {what}, so nothing more is committed: {outcome.why[:500]}")


def _lines(write: Write) -> tuple[bytes, bytes, bytes, bytes]:
    return write.action(), b"\n", write.body, b"\n"


def _outcome(write: Write, result: dict[str, Any]) -> Outcome | str:
    """What became of one item; a text where it must be sent again: why."""
    status = result["status"]
    if status < 300:
        return Version(write.index, result["_seq_no"], result["_primary_term"])
    if status == 409:
        return Conflict()
    error = result.get("error") or {}
    why = f"{error.get('type')}: {error.get('reason')}"
    cause = error.get("caused_by")
    if isinstance(cause, dict):
        why += f" ({cause.get('type')}: {cause.get('reason')})"
    if status == 429 or status >= 500 or error.get("type") in _CLUSTER_ERRORS:
        return why
    return Refused(why)


def _documents(docs: list[dict[str, Any]]) -> list[Found]:
    found: list[Found] = []
    for doc in docs:
        if doc.get("found"):
            found.append(_found(doc))
        elif "error" in doc and doc["error"].get("type") != "index_not_found_exception":
            raise NotNow(f"a document cannot be read: {doc['error'].get('type')}: {doc['error'].get('reason')}")
    return found


def _found(hit: dict[str, Any]) -> Found:
    return Found(hit["_id"], Version(hit["_index"], hit["_seq_no"], hit["_primary_term"]), hit["_source"])
