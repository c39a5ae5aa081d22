"""Dead letters: every record that was refused, with why and its raw bytes, so that it can be mended or sent again.

A letter that was sent again stays, with when, by whom and as which record.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import orjson
from elasticsearch import Elasticsearch, NotFoundError

from hubstat.elastic.names import Names
from hubstat.elastic.retry import NotNow, passes_status
from hubstat.elastic.writer import Write, Writer, all_written
from hubstat.errors import EngineError

_PAGE: Final = 500
_ORDER: Final = ("topic", "partition", "offset")
_MOST_REASONS: Final = 1_000

State = Literal["open", "resent", "all"]
Place = tuple[str, int, int]
"""Topic, partition and offset of a refused record."""


@dataclass(frozen=True, slots=True)
class Resent:
    """One sending of a letter: when (ms), by which user, as which new record, and whether it was mended before."""

    at: int
    by: str
    topic: str
    partition: int
    offset: int
    mended: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters. since, until: received time, ms, both included. text: in any case, in what ``show`` shows."""

    reason: str | None = None
    topic: str | None = None
    since: int | None = None
    until: int | None = None
    text: str | None = None
    state: State = "open"

    def query(self) -> dict[str, Any]:
        """All of it but the text, which is not indexed."""
        terms = [{"term": {name: value}} for name in ("reason", "topic") if (value := getattr(self, name)) is not None]
        times = {key: at for key, at in (("gte", self.since), ("lte", self.until)) if at is not None}
        sent = {"exists": {"field": "resent_at"}}
        return {
            "bool": {
                "filter": [
                    *terms,
                    *([{"range": {"received": times}}] if times else []),
                    *([sent] if self.state == "resent" else []),
                ],
                "must_not": [sent] if self.state == "open" else [],
            }
        }

    def holds(self, letter: DeadLetter) -> bool:
        """Whether the text is in a letter."""
        if self.text is None:
            return True
        parts = (letter.field, letter.detail, *(_readable(each) for each in (letter.key, letter.raw)))
        headers = (f"{name}: {_readable(value)}" for name, value in letter.headers)
        return any(self.text.casefold() in part.casefold() for part in (*parts, *headers))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record. ``received``: ms; key, raw: the record's bytes; headers: as the record carried them."""

    reason: str
    field: str
    detail: str
    topic: str
    partition: int
    offset: int
    received: int
    key: bytes | None
    raw: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    resent: tuple[Resent, ...] = ()

    @property
    def place(self) -> Place:
        """Where the record was, which orders letters."""
        return self.topic, self.partition, self.offset

    @property
    def id(self) -> str:
        """``topic-partition-offset``: the same record refused again is the same letter."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    def document(self) -> bytes:
        """As stored."""
        return orjson.dumps(
            {
                "reason": self.reason,
                "field": self.field,
                "detail": self.detail,
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "received": self.received,
                "key": _text(self.key),
                "raw": _text(self.raw),
                "headers": {"list": [[name, _text(value)] for name, value in self.headers]},
            }
        )


EVERY: Final = Filter(state="all")


async def write(writer: Writer, namespace: str, letters: Sequence[DeadLetter]) -> None:
    """Keep letters; returns when all are safe. One that is kept already stays as it is. Raises ``EngineError``."""
    index = Names(namespace).dead_letters
    kept = await writer.bulk([Write(index, letter.id, letter.document(), None) for letter in letters])
    all_written(kept, f"a dead letter in {index}")


def count(client: Elasticsearch, namespace: str) -> int:
    """How many letters the last refresh shows."""
    answer = client.count(index=Names(namespace).dead_letters, ignore_unavailable=True)
    number: int = answer["count"]
    return number


def scan(
    client: Elasticsearch, namespace: str, which: Filter = EVERY, after: Place | None = None
) -> Iterator[DeadLetter]:
    """Letters in the order of topic, partition, offset, however many; ``after``: only those behind this place."""
    behind: list[Any] | None = None if after is None else list(after)
    while True:
        answer = client.search(
            index=Names(namespace).dead_letters,
            ignore_unavailable=True,
            query=which.query(),
            size=_PAGE,
            sort=list(_ORDER),
            search_after=behind,
            track_total_hits=False,
        )
        hits = answer["hits"]["hits"]
        yield from filter(which.holds, (_letter(hit["_source"]) for hit in hits))
        if len(hits) < _PAGE:
            return
        behind = hits[-1]["sort"]


def reasons(client: Elasticsearch, namespace: str, which: Filter) -> dict[str, int]:
    """How many letters by reason, the most frequent first, whatever the filter's text."""
    answer = client.search(
        index=Names(namespace).dead_letters,
        ignore_unavailable=True,
        query=which.query(),
        size=0,
        aggregations={"reasons": {"terms": {"field": "reason", "size": _MOST_REASONS}}},
    )
    found = answer.get("aggregations", {"reasons": {"buckets": []}})["reasons"]["buckets"]
    return {bucket["key"]: bucket["doc_count"] for bucket in found}


def get(client: Elasticsearch, namespace: str, letter_id: str) -> DeadLetter | None:
    """One letter by id; None where there is none."""
    try:
        return _letter(client.get(index=Names(namespace).dead_letters, id=letter_id)["_source"])
    except NotFoundError:
        return None


def note_resent(client: Elasticsearch, namespace: str, sent: Iterable[tuple[DeadLetter, Resent]]) -> None:
    """Note in letters, as they were read, that they were sent again; visible at once.

    Raises NotNow or EngineError where Elasticsearch refuses one: then all of them may be noted again.
    """
    lines: list[Mapping[str, Any]] = []
    for letter, again in sent:
        history = [asdict(each) for each in (*letter.resent, again)]
        lines.append({"update": {"_id": letter.id}})
        lines.append({"doc": {"resent_at": again.at, "resent": {"list": history}}})
    if lines:
        answer = client.bulk(index=Names(namespace).dead_letters, operations=lines, refresh=True)
        _refused([item["update"] for item in answer["items"]])


def _refused(items: Iterable[Mapping[str, Any]]) -> None:
    """Raise what the refused items of a bulk request call for; what passes by itself only where nothing else is."""
    failed = [(item["status"], item) for item in items if item["status"] >= 300]
    final = [item for status, item in failed if not passes_status(status) and not _of_block(item)]
    for item in final or [item for _, item in failed]:
        error = item.get("error", {})
        what = f"{item['_id']}: status {item['status']}: {error.get('type')}: {str(error.get('reason'))[:300]}"
        if final:
            raise EngineError(f"Elasticsearch does not note that letters were sent again: {what}")
        raise NotNow(what)


def _of_block(item: Mapping[str, Any]) -> bool:
    kind: str = item.get("error", {}).get("type", "")
    return kind == "cluster_block_exception"


def _letter(source: dict[str, Any]) -> DeadLetter:
    headers = tuple((name, _bytes(value) or b"") for name, value in source["headers"]["list"])
    scalars = {name: source[name] for name in ("reason", "field", "detail", "topic", "partition", "offset", "received")}
    resent = tuple(Resent(**each) for each in source.get("resent", {"list": []})["list"])
    return DeadLetter(**scalars, key=_bytes(source["key"]), raw=_bytes(source["raw"]), headers=headers, resent=resent)


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)


def _readable(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="replace")
