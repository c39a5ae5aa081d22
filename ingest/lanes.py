"""Lanes: concurrent flushes, each over its own partitions, so that one key has one writer at a time.

The order of a flush, which is the promise that nothing is lost:

1. the lane takes the chunks that are waiting and marks them as in flight,
2. the flusher writes every record (or its dead letter) and publishes what it derives,
3. only then the chunks are acknowledged, and the transport may commit their offsets.

Anything unexpected in 1 or 2 ends the process before 3.

A lane that catches up may gather for longer: while everything that waits was old when it came, nobody waits for the
last two seconds of it, and a document that is rewritten once for many records costs a fraction. What is derived while
the lanes that derive it catch up is as good as old, though Kafka has just received it; what comes beside it, such as
Friends' own events, waits with it. Otherwise a younger chunk ends the gathering, and so does a pause in what comes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ingest import headroom
from ingest.transport.chunk import Chunk
from ingest.transport.guards import leave
from ingest.transport.packed import Gathered

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord
    from faust.types import TP

__all__ = ["Chunk", "Flusher", "Flushers", "Lanes"]

log = logging.getLogger(__name__)

_OLD_SECONDS = 15.0
"""Age of a chunk's last record, by the broker's clock, from which on the lane catches up."""
_STILL_SECONDS = 1.0
"""How long lanes still catch up after their last old chunk."""


class Flusher(Protocol):
    """Writes records of one kind of topic; one instance serves all lanes of that kind."""

    @property
    def gather(self) -> int:
        """Most records of one flush, packed ones not counted. A single greater chunk is flushed as it is."""
        ...

    @property
    def linger(self) -> float:
        """Least seconds between two flushes of a lane, unless ``gather`` records wait; 0: none. More in catch-up."""
        ...

    async def flush(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Write every record, or its dead letter, and return only when all of it is safe.

        Called by up to ``settings.ingest.lanes`` lanes at once, never for one partition by two. Records of a partition
        are in order; a record may come again after a restart or rebalance. Must retry what can pass (429, 5xx, lost
        connections) in place; whatever it raises ends the process before the acknowledgement.
        """
        ...

    async def assigned(self, partitions: set[TP]) -> None:
        """This worker now holds these partitions, of this kind's topics, and no others.

        Called before the first flush of each assignment, while no flush of this kind runs: others may have written
        since, so refresh look-ups and forget what may be stale. May block; what it raises ends the process.
        """
        ...


@dataclass(frozen=True)
class Flushers:
    """The two kinds of writing: invoices, and Friends (their events and their activity)."""

    invoice: Flusher
    friend: Flusher


class Lanes:
    """The lanes of one kind. Runs on the event loop that calls :meth:`start`.

    ``linger_bytes``: memory of all lanes' waiting records at which no lane lingers any longer. ``catch_up_seconds``:
    how long a lane gathers while it catches up; 0: no longer than otherwise. ``leading``: the lanes that derive what
    comes here.
    """

    def __init__(
        self,
        flusher: Flusher,
        lanes: int,
        linger_bytes: int,
        leave: Callable[[str], object] = leave,
        catch_up_seconds: float = 0.0,
        leading: Lanes | None = None,
    ) -> None:
        self._flusher = flusher
        self._leading = leading
        self._old_at = float("-inf")
        self._linger_bytes = linger_bytes // lanes
        self._leave = leave
        self._catch_up_seconds = catch_up_seconds
        self._began = [float("-inf")] * lanes
        self._came = [float("-inf")] * lanes
        self._waiting: list[deque[Chunk]] = [deque() for _ in range(lanes)]
        self._wake = [asyncio.Event() for _ in range(lanes)]
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._partitions: set[TP] = set()
        self._announced = True
        self._announcing = asyncio.Lock()
        self._flushing = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    # Called by the application

    def route(self, chunk: Chunk) -> None:
        """Queue a chunk. The lane follows from the partition's number: the same for all topics of the kind."""
        lane = chunk.partition % len(self._waiting)
        now = time.monotonic()
        old = bool(chunk.records) and time.time() - chunk.records[-1].timestamp / 1000 > _OLD_SECONDS
        if old:
            self._old_at = now
        if self._catch_up_seconds and chunk.records and (old or (self._leading and self._leading.catches_up)):
            chunk.pack()
        self._came[lane] = now
        self._waiting[lane].append(chunk)
        self._wake[lane].set()

    @property
    def catches_up(self) -> bool:
        """Whether what comes is old."""
        return time.monotonic() - self._old_at < _STILL_SECONDS

    def assigned(self, partitions: Collection[TP]) -> None:
        """Note a new assignment; the flusher hears of it before its next flush."""
        self._partitions = set(partitions)
        self._announced = False

    def start(self) -> None:
        """Start one task a lane."""
        self._tasks = [
            asyncio.get_running_loop().create_task(self._run(lane), name=f"lane {lane}")
            for lane in range(len(self._waiting))
        ]

    async def stop(self, limit_seconds: float) -> None:
        """Begin no further flush and wait for those in flight, but no longer than the limit."""
        self._stopping = True
        for wake in self._wake:
            wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=limit_seconds)
            for task in late:
                log.warning(
                    "%s: a flush still ran after %g s; its records will be read again", task.get_name(), limit_seconds
                )
                task.cancel()

    # A lane

    async def _run(self, lane: int) -> None:
        try:
            while not self._stopping:
                if (pause := self._pause(lane)) is None or pause > 0:
                    await self._wait(lane, pause)
                    continue
                await self._announce()
                self._began[lane] = time.monotonic()
                headroom.check()
                await self._flush(self._take(lane))
        except asyncio.CancelledError:
            raise
        except BaseException as exc:  # also what compiled code raises when it breaks down
            log.exception("a flush failed")
            self._leave(f"a flush failed: {exc!r}{_of_memory(exc)}")

    def _pause(self, lane: int) -> float | None:
        """Seconds to wait for more records before the next flush; None: until some come."""
        waiting = self._waiting[lane]
        if not waiting:
            return None
        if sum(chunk.size for chunk in waiting) >= self._linger_bytes:
            return 0.0
        if all(chunk.packed for chunk in waiting):
            until = min(self._began[lane] + self._catch_up_seconds, self._came[lane] + self._flusher.linger)
            return until - time.monotonic()
        if sum(len(chunk.records) for chunk in waiting) >= self._flusher.gather:
            return 0.0
        return self._began[lane] + self._flusher.linger - time.monotonic()

    async def _wait(self, lane: int, seconds: float | None) -> None:
        self._wake[lane].clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake[lane].wait(), seconds)

    async def _announce(self) -> None:
        """Tell the flusher of a new assignment, once, with no flush in flight."""
        if self._announced:
            return
        async with self._announcing:
            while not self._announced:
                await self._quiet.wait()
                self._announced = True  # before the call: an assignment during it is announced again
                await self._flusher.assigned(self._partitions)

    def _take(self, lane: int) -> list[Chunk]:
        """Waiting live chunks up to the batch size, at least one; dead ones are dropped on the way.

        Packed ones are counted by their memory instead.
        """
        waiting = self._waiting[lane]
        batch: list[Chunk] = []
        size = memory = 0
        while waiting and not self._stopping and self._announced:
            chunk = waiting[0]
            count = 0 if chunk.packed else len(chunk.records)
            memory += chunk.size if chunk.packed else 0
            if batch and (size + count > self._flusher.gather or memory > self._linger_bytes):
                break
            waiting.popleft()
            if chunk.begin():
                batch.append(chunk)
                size += count
        return batch

    async def _flush(self, batch: list[Chunk]) -> None:
        if not batch:
            return
        self._flushing += 1
        self._quiet.clear()
        try:
            if any(chunk.packed for chunk in batch):
                await self._flusher.flush(Gathered([chunk.records for chunk in batch]))
            else:
                await self._flusher.flush([record for chunk in batch for record in chunk.records])
        finally:
            self._flushing -= 1
            if not self._flushing:
                self._quiet.set()
        for chunk in batch:
            chunk.ack()


def _of_memory(error: BaseException) -> str:
    # A thread that cannot get its stack says so in no other way.
    short = isinstance(error, MemoryError) or "can't start new thread" in str(error)
    hint = "it is short of memory: give it more, or set HUBSTAT_INGEST__CACHE_MB and HUBSTAT_INGEST__BUFFER_MB lower"
    return f"; {hint}" if short else ""
