"""The consumer's own thread: reading into the ledger, seeking and committing, each in one tick of one event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, OffsetAndMetadata, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    credentials_to_aiokafka_auth,
    ensure_aiokafka_TP,
    server_list,
)
from faust.types import TP

from hubstat.errors import SettingsError
from ingest.transport.chunk import Chunk
from ingest.transport.guards import leave
from ingest.transport.reach import Polls, Reach

if TYPE_CHECKING:
    from ingest.transport.options import ChunkedOptions

log = logging.getLogger(__name__)

FETCH_MIN_BYTES = 65_536
FETCH_MAX_WAIT_MS = 100
# A broker that has just started may know no topic yet, and a group that is assigned then gets nothing: its leader
# finds out with the next look at the metadata, which the clients take every five minutes.
METADATA_MAX_AGE_MS = 3000
CHECK_SECONDS = 5.0


def lost_records(tp: TP, offset: int, begin: int) -> int:
    """How many records from ``offset`` on Kafka has deleted, now that the partition begins at ``begin``; logs it."""
    lost = max(0, begin - offset)
    if lost:
        log.error(
            "%s[%d]: Kafka has deleted offsets %d to %d before they were read: retention was shorter than ingest was "
            "away; send these records again from their source, and give the topic a longer retention",
            tp.topic, tp.partition, offset, begin - 1,
        )  # fmt: skip
    return lost


def log_replaced(tp: TP, offset: int, end: int, group: str) -> str | None:
    """What to do where a partition ends before what was committed of it; None where it does not."""
    if offset <= end:
        return None
    return (
        f"{tp.topic}[{tp.partition}] ends at offset {end}, but {offset} was committed: the topic was made anew or has "
        f"lost its end. Stop all workers, let the group begin again (kafka-consumer-groups.sh --group {group} "
        f"--topic {tp.topic} --reset-offsets --to-earliest --execute), and start them: what is read twice counts once"
    )


class ConsumerThread(AIOKafkaConsumerThread):
    """Reads chunks and commits what the ledger allows. Methods with a leading underscore run on the thread's loop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        options: ChunkedOptions = self.app.chunked
        self._ledger = options.ledger
        self._chunk_records = options.chunk_records
        # The method queue has two workers: without the lock a seek could move a position under a fetch.
        self._position_lock = asyncio.Lock()
        self._commit_lock = asyncio.Lock()
        self._polls = Polls()

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        """Faust has no setting for isolation level, fetch size, fetch wait and assignor.

        Range gives a worker the same partition numbers of every topic, so that one worker writes a Friend's
        document from both of its topics; round robin does not.
        """
        conf = self.app.conf
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_min_bytes=FETCH_MIN_BYTES,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            check_crcs=conf.broker_check_crcs,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    # Reading

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> list[Chunk]:
        """Read once and register what was read.

        An error may have dropped records of other partitions behind the consumer's position, so it ends the process.
        """
        if not active_partitions:  # which aiokafka would take for "all partitions"
            return []
        async with self._position_lock:
            try:
                fetched = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
                # No await between here and the registration: the position has moved already.
                return [
                    self._ledger.register(tp, part) for tp, records in fetched.items() for part in self._split(records)
                ]
            except ConsumerStoppedError:
                raise
            except Exception as exc:
                log.exception("reading from Kafka failed")
                leave(f"reading from Kafka failed: {exc!r}")

    def _split(self, records: list[Any]) -> list[list[Any]]:
        size = self._chunk_records
        return [records[i : i + size] for i in range(0, len(records), size)]

    def keep_membership(self) -> None:
        """Tell aiokafka that this member is alive although it does not poll."""
        self.thread_loop.call_soon_threadsafe(self._keep_membership)

    def _keep_membership(self) -> None:
        with self._ensure_consumer()._fetcher._subscriptions.fetch_context():
            pass

    # Seeking

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Put every assigned partition to its committed offset, else to its beginning, and open the ledger there."""
        offsets: Mapping[TP, int] = await self.call_thread(self._seek_to_committed)
        return offsets

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        # aiokafka's own leaves a partition without a commit, or with commit 0, where reading has taken it. A fetch that
        # blocked through the rebalance may have read there already: those records would be lost.
        async with self._position_lock:
            epoch = self._ledger.epoch
            consumer = self._ensure_consumer()
            try:
                offsets = {TP(tp.topic, tp.partition): await self._seek(consumer, tp) for tp in consumer.assignment()}
            except IllegalStateError:
                offsets = {}
            if not offsets or not self._ledger.open(epoch, offsets):
                log.info("the assignment changed during the seek; the next one seeks again")
                return offsets
        # After the lock: reading does not wait for what is only to be told.
        await self._check(consumer, offsets)
        return offsets

    async def _seek(self, consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
        """Seek one partition and return where; IllegalStateError where it is no longer assigned."""
        offset: int | None = await consumer.committed(tp)
        if offset is not None:
            consumer.seek(tp, offset)
            return offset
        await consumer.seek_to_beginning(tp)
        return int(await consumer.position(tp))

    async def _check(self, consumer: AIOKafkaConsumer, offsets: Mapping[TP, int]) -> None:
        """Say what retention has deleted unread; end the process where Kafka's log is not the one that was read.

        aiokafka goes to the beginning in both cases, without a word.
        """
        partitions = [ensure_aiokafka_TP(tp) for tp in offsets]
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                begins = await consumer.beginning_offsets(partitions)
                ends = await consumer.end_offsets(partitions)
        except (KafkaError, TimeoutError) as exc:
            log.warning("whether Kafka still holds all that is not read could not be asked: %r", exc)
            return
        for tp, offset in offsets.items():
            begin, end = begins[ensure_aiokafka_TP(tp)], ends[ensure_aiokafka_TP(tp)]
            if (wrong := log_replaced(tp, offset, end, self.app.conf.id)) is not None:
                leave(wrong, SettingsError.exit_code)
            self._ledger.lost += lost_records(tp, offset, begin)

    # Committing

    async def commit_ledger(self, limit_seconds: float) -> bool:
        """Commit what the ledger allows; False where there was nothing, or it failed and stays due."""
        if self._consumer is None:  # a call to a thread that has not started would wait for ever
            return False
        try:
            # Not through the method queue: both of its workers may wait for a rebalance that waits for this commit.
            commit = asyncio.run_coroutine_threadsafe(self._commit_ledger(limit_seconds), self.thread_loop)
            return await asyncio.wait_for(asyncio.wrap_future(commit), limit_seconds + 1)
        except (TimeoutError, RuntimeError) as exc:
            log.warning("commit not done, it stays due: %r", exc)
            return False

    async def _commit_ledger(self, limit_seconds: float) -> bool:
        async with self._commit_lock:
            epoch, offsets = self._ledger.committable(self._position)
            if not offsets:
                return False
            wanted = {ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
            try:
                await asyncio.wait_for(self._ensure_consumer().commit(wanted), limit_seconds)
            except (KafkaError, TimeoutError) as exc:
                log.warning("commit not done, it stays due: %r", exc)
                return False
            self._ledger.committed(epoch, offsets)
            return True

    def _position(self, tp: TP) -> int | None:
        state = self._state(tp)
        return state.position if state is not None and state.has_valid_position else None

    def _state(self, tp: TP) -> Any:
        subscription = self._ensure_consumer()._subscription.subscription
        if subscription is None or subscription.assignment is None:
            return None
        return subscription.assignment.state_value(ensure_aiokafka_TP(tp))

    # Watching

    async def reach(self, limit_seconds: float) -> dict[TP, Reach] | None:
        """How far each held partition has come; None between two assignments.

        Raises TimeoutError where the thread does not answer in time.
        """
        if self._consumer is None:
            return None
        look = asyncio.run_coroutine_threadsafe(self._reach(), self.thread_loop)
        return await asyncio.wait_for(asyncio.wrap_future(look), limit_seconds)

    async def _reach(self) -> dict[TP, Reach] | None:
        # In one tick of the loop that reads: records behind the position are in the ledger already.
        epoch, frontiers = self._ledger.epoch, self._ledger.frontiers()
        if frontiers is None:
            return None
        found = {}
        for tp, frontier in frontiers.items():
            state = self._state(tp)
            end, stamp = (None, None) if state is None else (state.highwater, state.timestamp)
            found[tp] = Reach(frontier, self._position(tp), end, self._polls.note(epoch, tp, stamp))
        return found
