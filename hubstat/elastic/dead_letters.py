"""Dead letters: every record that was refused, with why and its raw bytes, so that it can be mended or sent again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from elasticsearch import Elasticsearch, NotFoundError

from hubstat.elastic.names import Names
from hubstat.elastic.writer import Write, Writer

_PAGE = 500


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


async def write(writer: Writer, namespace: str, letters: Sequence[DeadLetter]) -> None:
    """Keep letters; returns when all are safe. One that is kept already stays as it is."""
    index = Names(namespace).dead_letters
    await writer.bulk([Write(index, letter.id, letter.document(), None) for letter in letters])


def count(client: Elasticsearch, namespace: str) -> int:
    """How many letters the last refresh shows."""
    answer = client.count(index=Names(namespace).dead_letters, ignore_unavailable=True)
    number: int = answer["count"]
    return number


def scan(client: Elasticsearch, namespace: str, reason: str | None = None) -> Iterator[DeadLetter]:
    """All letters in the order of topic, partition, offset; only those of one reason where given."""
    query: dict[str, Any] = {"match_all": {}} if reason is None else {"term": {"reason": reason}}
    after: list[Any] | None = None
    while True:
        answer = client.search(
            index=Names(namespace).dead_letters,
            ignore_unavailable=True,
            query=query,
            size=_PAGE,
            sort=["topic", "partition", "offset"],
            search_after=after,
            track_total_hits=False,
        )
        hits = answer["hits"]["hits"]
        yield from (_letter(hit["_source"]) for hit in hits)
        if len(hits) < _PAGE:
            return
        after = hits[-1]["sort"]


def get(client: Elasticsearch, namespace: str, letter_id: str) -> DeadLetter | None:
    """One letter by id; None where there is none."""
    try:
        return _letter(client.get(index=Names(namespace).dead_letters, id=letter_id)["_source"])
    except NotFoundError:
        return None


def remove(client: Elasticsearch, namespace: str, letter_id: str) -> None:
    """Take a letter out, after it was sent again."""
    client.options(ignore_status=404).delete(index=Names(namespace).dead_letters, id=letter_id, refresh=True)


def _letter(source: dict[str, Any]) -> DeadLetter:
    headers = tuple((name, _bytes(value) or b"") for name, value in source["headers"]["list"])
    scalars = {name: source[name] for name in ("reason", "field", "detail", "topic", "partition", "offset", "received")}
    return DeadLetter(**scalars, key=_bytes(source["key"]), raw=_bytes(source["raw"]), headers=headers)


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
