"""Hand-written fakes of what the flushers use: an Elasticsearch in memory, a publisher, and Kafka records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

import orjson

from hubstat.elastic.writer import Conflict, Found, Outcome, Refused, Version, Write, Writer


@dataclass
class FakeRecord:
    """A Kafka record."""

    value: bytes | None
    topic: str = "t-invoice-events"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = b"key"
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class FakePublisher:
    """Keeps what was published; ``fail`` counts down publishings that raise."""

    sent: list[tuple[str, bytes, bytes, list[tuple[str, bytes]]]] = field(default_factory=list)
    fail: int = 0

    async def publish_many(self, topic: str, messages: Sequence[tuple[bytes, bytes, list[tuple[str, bytes]]]]) -> None:
        if self.fail:
            self.fail -= 1
            raise RuntimeError("planned failure")
        self.sent += [(topic, *message) for message in messages]

    def take(self, topic: str) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
        """Everything published to a topic, taken out."""
        taken = [(key, value, headers) for to, key, value, headers in self.sent if to == topic]
        self.sent = [each for each in self.sent if each[0] != topic]
        return taken


class FakeWriter(Writer):
    """Documents by (index, id) with sequence numbers; ``find`` sees only what was refreshed, as the real one."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.refreshed: dict[tuple[str, str], tuple[int, bytes]] = {}
        self.refuse: set[str] = set()
        self.bulks = 0
        self.secured: list[str] = []
        self._seq_no = 0

    async def bulk(self, writes: Sequence[Write]) -> list[Outcome]:
        self.bulks += 1
        return [self._write(write) for write in writes]

    def _write(self, write: Write) -> Outcome:
        place = (write.index, write.id)
        present = self.documents.get(place)
        if write.id in self.refuse:
            return Refused("planned refusal")
        if not write.blind and (present[0] if present else None) != (write.version.seq_no if write.version else None):
            return Conflict()
        self._seq_no += 1
        self.documents[place] = (self._seq_no, write.body)
        return Version(write.index, self._seq_no, 1)

    async def put(self, index: str, doc_id: str, body: bytes) -> None:
        self._seq_no += 1
        self.documents[index, doc_id] = (self._seq_no, body)

    async def get(self, keys: Iterable[tuple[str, str]]) -> list[Found]:
        return [_found(place, *self.documents[place]) for place in keys if place in self.documents]

    async def find(self, pattern: str, ids: Sequence[str], most: int = 2) -> list[Found]:
        return [
            _found(place, *document)
            for place, document in self.refreshed.items()
            if fnmatch(place[0], pattern) and place[1] in ids
        ]

    async def secure(self, names: Sequence[str]) -> None:
        self.secured += names

    async def refresh(self, pattern: str) -> None:
        self.secured.append(f"refreshed {pattern}")
        self.refreshed = dict(self.documents)

    def sources(self, pattern: str) -> dict[str, bytes]:
        """Sources by id of a pattern's indices; a twin fails."""
        places = [place for place in self.documents if fnmatch(place[0], pattern)]
        assert len({doc_id for _, doc_id in places}) == len(places), f"twins: {sorted(places)}"
        return {place[1]: self.documents[place][1] for place in places}


def _found(place: tuple[str, str], seq_no: int, body: bytes) -> Found:
    return Found(place[1], Version(place[0], seq_no, 1), orjson.loads(body))
