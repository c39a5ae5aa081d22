"""Faust's consumer, handing over chunks; nothing of Faust can commit an offset through it, only the ledger."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP, ConsumerMessage, Message

from ingest.transport.chunk import Chunk
from ingest.transport.reach import Reach
from ingest.transport.thread import ConsumerThread

if TYPE_CHECKING:
    from ingest.transport.options import ChunkedOptions

log = logging.getLogger(__name__)

FETCH_SECONDS = 1.0
REVOKE_WAIT_SECONDS = 5.0
"""How long a rebalance waits for flushes in flight: the whole group waits with it."""
COMMIT_SECONDS = 15.0
STOP_COMMIT_SECONDS = 3.0
SMALL_FETCH_PAUSE_SECONDS = 0.05
"""Pause after a fetch smaller than a chunk: at 1,000 events/s it makes 3 % CPU out of 64 %."""
BUDGET_POLL_SECONDS = 0.02


class Consumer(FaustConsumer):
    """The main thread's side of the chunked transport."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._options: ChunkedOptions = self.app.chunked
        self._ledger = self._options.ledger
        self._polled_at = time.monotonic()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Reading

    async def _drain_messages(self, fetcher: Any) -> None:
        """Read while the budget allows and hand each chunk to its topic's agent, until the fetcher stops."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                if self.flow_active:
                    await self._read_or_wait()
                else:
                    await self.wait(self.can_resume_flow, timeout=FETCH_SECONDS)
                    self._keep_membership()
        except ConsumerStoppedError:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            # Faust takes a stop in the middle of a rebalance for a crash.
            if not fetcher.should_stop:
                raise

    async def _read_or_wait(self) -> None:
        partitions = self._ledger.below(self._options.buffer_bytes, self._active_partitions)
        if partitions:
            await self._read(partitions)
            self._polled_at = time.monotonic()
            return
        await self.sleep(BUDGET_POLL_SECONDS)
        if self._active_partitions:
            self._keep_membership()

    def _keep_membership(self) -> None:
        """In place of polls. Without them aiokafka leaves the group, or never joins it again where it has left it."""
        if time.monotonic() - self._polled_at >= FETCH_SECONDS:
            self._thread.keep_membership()
            self._polled_at = time.monotonic()

    async def _read(self, partitions: set[TP]) -> None:
        chunks: list[Chunk] = await self._thread.getmany(partitions, FETCH_SECONDS)
        for chunk in chunks:
            if chunk.live():
                await self.callback(self._message(chunk))
        if sum(len(chunk.records) for chunk in chunks) < self._options.chunk_records:
            await self.sleep(SMALL_FETCH_PAUSE_SECONDS)

    def _message(self, chunk: Chunk) -> ConsumerMessage:
        first = chunk.records[0]
        return ConsumerMessage(
            chunk.topic,
            chunk.partition,
            chunk.first,
            first.timestamp / 1000,
            first.timestamp_type,
            [],
            None,
            chunk,
            None,
            0,
            chunk.size,
            TP(chunk.topic, chunk.partition),
            generation_id=self.app.consumer_generation_id,
        )

    # Rebalancing

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Begin nothing more, wait a little for what is in flight, commit, and end the assignment."""
        self.stop_flow()
        self._ledger.hold()
        deadline = time.monotonic() + REVOKE_WAIT_SECONDS
        while not self._ledger.idle and time.monotonic() < deadline and not self.should_stop:
            await asyncio.sleep(BUDGET_POLL_SECONDS)
        if revoked:
            await self._thread.commit_ledger(STOP_COMMIT_SECONDS)
        self._ledger.close()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Forget what a fetch that blocked through the rebalance has read: the seek that follows reads it again."""
        self.stop_flow()
        self._ledger.close()
        if not assigned:
            self._ledger.open(self._ledger.epoch, {})
        self._options.joined.set()
        await super().on_partitions_assigned(assigned, generation_id)

    async def reach(self, limit_seconds: float) -> dict[TP, Reach] | None:
        """See :meth:`ConsumerThread.reach`."""
        return await self._thread.reach(limit_seconds)

    # Committing

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Called by Faust's commit task; the ledger alone knows what may be committed."""
        return await self._thread.commit_ledger(COMMIT_SECONDS)

    async def wait_empty(self) -> None:
        """Commit what is acknowledged. Faust would wait for acknowledgements that never come after an error."""
        await self._thread.commit_ledger(COMMIT_SECONDS)

    async def on_stop(self) -> None:
        """Commit what was written; the rest is read again by the next start."""
        await self._thread.commit_ledger(STOP_COMMIT_SECONDS)

    def ack(self, message: Message) -> bool:
        """Faust acknowledges a message when an agent has seen it. Only :meth:`Chunk.ack` counts."""
        return False

    def track_message(self, message: Message) -> None:
        """Not needed: the ledger tracks."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's stall detector knows nothing of the ledger; :mod:`ingest.transport.guards` watches instead."""

    def close(self) -> None:
        """Faust would close the thread's connections from the main loop when a rebalance meets a stop."""
