"""A run of records of one partition, handed over, written and acknowledged as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ingest.transport.packed import PackedRecords

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

RECORD_OVERHEAD_BYTES = 700
"""What one ConsumerRecord and its decoded event cost in memory beside key and value (measured)."""


class Book(Protocol):
    """What a chunk asks of the ledger that it is registered in."""

    def live(self, chunk: Chunk) -> bool: ...

    def begin(self, chunk: Chunk) -> bool: ...

    def ack(self, chunk: Chunk) -> bool: ...

    def pack(self, chunk: Chunk) -> None: ...


class Chunk:
    """Consecutively read records of one partition (offsets may have gaps: markers, compaction).

    ``received_at`` is the broker's time of the first record, epoch ms. ``records`` is emptied once the chunk is
    acknowledged, so that a slow commit does not hold memory.
    The fields ``epoch``, ``in_flight`` and ``done`` belong to the ledger, which changes them under its lock.
    """

    __slots__ = (
        "book",
        "done",
        "epoch",
        "first",
        "in_flight",
        "last",
        "partition",
        "received_at",
        "records",
        "registered_at",
        "size",
        "topic",
    )

    def __init__(
        self,
        book: Book,
        topic: str,
        partition: int,
        records: list[ConsumerRecord[bytes, bytes]],
        epoch: int,
        registered_at: float,
    ) -> None:
        self.book = book
        self.topic = topic
        self.partition = partition
        self.records: Sequence[Any] = records
        self.first = records[0].offset
        self.last = records[-1].offset
        self.size = sum(len(r.value or b"") + len(r.key or b"") + RECORD_OVERHEAD_BYTES for r in records)
        self.received_at: int = records[0].timestamp
        self.epoch = epoch
        self.registered_at = registered_at
        self.in_flight = False
        self.done = False

    def live(self) -> bool:
        """Whether a flush of this chunk may start now; False for ever once its partition was revoked."""
        return self.book.live(self)

    def begin(self) -> bool:
        """Mark the chunk as being written; False, and nothing marked, where it is not live."""
        return self.book.begin(self)

    def ack(self) -> bool:
        """Every record is written: its offsets may be committed. False where that came too late to count."""
        return self.book.ack(self)

    def pack(self) -> None:
        """Hold the records in less memory: they will wait for long."""
        self.book.pack(self)

    @property
    def packed(self) -> bool:
        """Whether it was packed."""
        return isinstance(self.records, PackedRecords)

    def __repr__(self) -> str:
        return f"<Chunk {self.topic}[{self.partition}] {self.first}..{self.last} epoch {self.epoch}>"
