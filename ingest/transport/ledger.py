"""Which offsets may be committed: never one past a record that is not written.

Life of the ledger, once per assignment (an *epoch* is one stretch of it)::

    closed ── open(offsets) ──> open ── hold() ──> held ── close() ──> closed

- closed: between two assignments. What is read now will be read again after the seek, so it is born dead.
- open: chunks are registered, begun, acknowledged and committed.
- held: partitions are being revoked. Nothing new begins; what is in flight may still be acknowledged and committed.

The consumer thread registers and commits, the main thread begins, acknowledges, holds and closes; every method is safe
from both.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from ingest.transport.chunk import Chunk
from ingest.transport.packed import PackedRecords
from ingest.transport.reach import Frontier

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

TP = TypeVar("TP", bound=tuple[str, int])
"""A topic and partition: Faust's or aiokafka's named tuple, which are equal and hash alike."""

_DEAD = -1
_PARTITION_SHARE = 4
"""One partition may fill a quarter of the byte budget, so that no single one starves the others."""


class _Partition:
    """One partition's chunks in the order read, none of them committed yet."""

    __slots__ = ("chunks", "committed", "read_to_at", "size")

    def __init__(self, committed: int) -> None:
        self.chunks: deque[Chunk] = deque()
        self.committed = committed
        self.read_to_at: int | None = None
        self.size = 0

    def committable(self, position: int | None) -> int:
        """The offset to commit: the end of the acknowledged prefix, or ``position`` if all is acknowledged."""
        offset = self.committed
        for chunk in self.chunks:
            if not chunk.done:
                return offset
            offset = chunk.last + 1
        # Beyond the last record there may be transaction markers, aborted or compacted records: nothing to write there.
        return offset if position is None else max(offset, position)


class Ledger(Generic[TP]):
    """Offset accounting and memory budget of the partitions that this worker holds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._epoch = 0
        self._partitions: dict[TP, _Partition] = {}
        self._open = False
        self._held = False
        self._in_flight = 0
        self._closed_at: float | None = None
        self.lost = 0
        """Records that Kafka had deleted before they were read, since the start."""

    # Assignment

    @property
    def epoch(self) -> int:
        """Number of the present epoch; changed by every open and close."""
        with self._lock:
            return self._epoch

    def open(self, epoch: int, offsets: Mapping[TP, int]) -> bool:
        """Begin an assignment whose partitions were just sought to these offsets.

        ``epoch`` is the one in which the seek began. False, and nothing done, where the assignment has changed since.
        """
        with self._lock:
            if epoch != self._epoch or self._open:
                return False
            self._epoch += 1
            self._partitions = {tp: _Partition(offset) for tp, offset in offsets.items()}
            self._open, self._held, self._closed_at = True, False, None
            return True

    def hold(self) -> None:
        """Let no further flush begin; those in flight still count."""
        with self._lock:
            self._held = True

    def close(self) -> None:
        """End the assignment: every chunk of it is dead, its acknowledgement will do nothing."""
        with self._lock:
            self._epoch += 1
            for partition in self._partitions.values():
                for chunk in partition.chunks:
                    if not chunk.in_flight:
                        chunk.records = []
            self._partitions = {}
            self._open, self._held, self._in_flight = False, False, 0
            self._closed_at = self._clock()

    # Chunks

    def register(self, tp: TP, records: list[ConsumerRecord[bytes, bytes]]) -> Chunk:
        """Take responsibility for records just read, in the tick in which the consumer moved its position past them.

        Raises ValueError where the partition's offsets went backwards: its log is not the one read so far.
        """
        with self._lock:
            partition = self._partitions.get(tp) if self._open else None
            epoch = self._epoch if partition is not None else _DEAD
            chunk = Chunk(self, tp[0], tp[1], records, epoch, self._clock())
            if partition is not None:
                floor = partition.chunks[-1].last + 1 if partition.chunks else partition.committed
                if chunk.first < floor:
                    raise ValueError(f"{tp[0]}[{tp[1]}]: offset {chunk.first} read after {floor - 1}")
                partition.chunks.append(chunk)
                partition.size += chunk.size
                partition.read_to_at = records[-1].timestamp
            return chunk

    def live(self, chunk: Chunk) -> bool:
        """See :meth:`Chunk.live`."""
        with self._lock:
            return chunk.epoch == self._epoch and self._open and not self._held and not chunk.done

    def begin(self, chunk: Chunk) -> bool:
        """See :meth:`Chunk.begin`."""
        with self._lock:
            if chunk.in_flight or not self.live(chunk):
                return False
            chunk.in_flight = True
            self._in_flight += 1
            return True

    def ack(self, chunk: Chunk) -> bool:
        """See :meth:`Chunk.ack`."""
        with self._lock:
            chunk.records = []
            if chunk.done or chunk.epoch != self._epoch:
                return False
            chunk.done = True
            if chunk.in_flight:
                self._in_flight -= 1
            self._partitions[(chunk.topic, chunk.partition)].size -= chunk.size  # type: ignore[index]
            return True

    def pack(self, chunk: Chunk) -> None:
        """See :meth:`Chunk.pack`."""
        packed = PackedRecords(chunk.records) if chunk.records and not chunk.packed else None
        with self._lock:
            if packed is None or chunk.in_flight or not self.live(chunk):
                return
            self._partitions[(chunk.topic, chunk.partition)].size += packed.size - chunk.size  # type: ignore[index]
            chunk.records, chunk.size = packed, packed.size

    # Commit

    def committable(self, position: Callable[[TP], int | None]) -> tuple[int, dict[TP, int]]:
        """The epoch and the offsets to commit now, only those that moved; nothing of a closed ledger.

        ``position(tp)`` is the consumer's next offset to read, read in the same tick of the thread that registers.
        """
        with self._lock:
            offsets = {}
            for tp, partition in self._partitions.items():
                offset = partition.committable(position(tp))
                if offset > partition.committed:
                    offsets[tp] = offset
            return self._epoch, offsets

    def committed(self, epoch: int, offsets: Mapping[TP, int]) -> None:
        """Kafka has confirmed these offsets of :meth:`committable`; without this call they are tried again."""
        with self._lock:
            if epoch != self._epoch:
                return
            for tp, offset in offsets.items():
                partition = self._partitions[tp]
                partition.committed = offset
                while partition.chunks and partition.chunks[0].last < offset:
                    partition.chunks.popleft()

    # Budget and health

    def below(self, budget_bytes: int, partitions: Collection[TP]) -> set[TP]:
        """Those of ``partitions`` that may be read further within the budget; possibly none."""
        with self._lock:
            if sum(partition.size for partition in self._partitions.values()) >= budget_bytes:
                return set()
            share = budget_bytes // _PARTITION_SHARE
            return {tp for tp in partitions if tp in self._partitions and self._partitions[tp].size < share}

    @property
    def idle(self) -> bool:
        """Whether no flush of this epoch is in flight."""
        with self._lock:
            return self._in_flight == 0

    def frontiers(self) -> dict[TP, Frontier] | None:
        """How far each held partition is read and written; None between two assignments."""
        with self._lock:
            if not self._open:
                return None
            return {
                tp: Frontier(p.committed, next((c.received_at for c in p.chunks if not c.done), None), p.read_to_at)
                for tp, p in self._partitions.items()
            }

    def stalled_seconds(self) -> float:
        """Age of the oldest chunk that is not committed, or of a close that no assignment followed."""
        with self._lock:
            times = [p.chunks[0].registered_at for p in self._partitions.values() if p.chunks]
            if self._closed_at is not None:
                times.append(self._closed_at)
            return self._clock() - min(times) if times else 0.0
