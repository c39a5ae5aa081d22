"""What all flushers do with a Kafka record before they look inside: received time, counters, dead letter."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Protocol

from hubstat.domain.contract import Refusal
from hubstat.elastic.dead_letters import DeadLetter
from ingest.derive import SOURCE_RECEIVED_AT

log = logging.getLogger(__name__)

RECEIVED_AT: Final = "received-at"
_LATEST_MS: Final = 10_000_000_000_000
_REPORT_SECONDS: Final = 60.0


class Record(Protocol):
    """A Kafka record as a consumer hands it over. ``timestamp``: ms."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


Message = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value and headers of a record to publish."""


class Publisher(Protocol):
    """Sends derived records."""

    async def publish_many(self, topic: str, messages: Sequence[Message]) -> None:
        """Publish records and return once Kafka has confirmed every one; while Kafka is away, that takes as long."""
        ...


@dataclass(slots=True)
class Counters:
    """What a flusher has seen since its start."""

    records: int = 0
    refused: int = 0
    written: int = 0
    unchanged: int = 0
    conflicts: int = 0
    published: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    ignored_received_at: int = 0
    unknown_fields: int = 0


class Reporter:
    """Logs a flusher's counters now and then, when they have changed."""

    def __init__(self, name: str, counters: Counters) -> None:
        self._name = name
        self._counters = counters
        self._next = time.monotonic() + _REPORT_SECONDS
        self._records = 0

    def tick(self) -> None:
        """Log if a minute has passed since the last line."""
        now = time.monotonic()
        if now >= self._next and self._counters.records != self._records:
            self._next, self._records = now + _REPORT_SECONDS, self._counters.records
            counts = ", ".join(f"{field.name} {getattr(self._counters, field.name)}" for field in fields(Counters))
            log.info("%s: %s", self._name, counts)


def header(record: Record, name: str) -> bytes | None:
    """Value of a record's last header of this name."""
    for known, value in reversed(record.headers):
        if known == name:
            return bytes(value)
    return None


def received_at(record: Record, trusted: bool, counters: Counters) -> int:
    """Received time of a record, ms: the broker's, or the header's where it is trusted. Raises ``Refusal``."""
    if not record.headers or (stated := header(record, RECEIVED_AT)) is None:
        return record.timestamp
    if not trusted:
        counters.ignored_received_at += 1
        return record.timestamp
    return _milliseconds(stated, RECEIVED_AT)


def source_received_at(record: Record) -> int | None:
    """Received time that a derived record carries over from its source, ms; None on others. Raises ``Refusal``."""
    if not record.headers or (stated := header(record, SOURCE_RECEIVED_AT)) is None:
        return None
    return _milliseconds(stated, SOURCE_RECEIVED_AT)


def _milliseconds(stated: bytes, name: str) -> int:
    if not stated.isdigit() or len(stated) > 13 or not 0 < (value := int(stated)) < _LATEST_MS:
        raise Refusal("bad_header", name, f"must be milliseconds since 1970 in ASCII digits, got {stated[:40]!r}")
    return value


def as_refusal(error: Exception) -> Refusal:
    """What decoding raised, as a refusal: a record that finds a fault of ours must not stop the stream either."""
    if isinstance(error, Refusal):
        return error
    log.error("a record that cannot be decoded becomes a dead letter", exc_info=error)
    return Refusal("undecodable", "", f"decoding failed: {error!r}")


def dead_letter(record: Record, refusal: Refusal) -> DeadLetter:
    """The letter of a refused record."""
    return DeadLetter(
        reason=refusal.reason,
        field=refusal.field,
        detail=refusal.detail,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        received=max(0, record.timestamp),
        key=record.key,
        raw=record.value,
        headers=tuple((name, bytes(value)) for name, value in record.headers),
    )
