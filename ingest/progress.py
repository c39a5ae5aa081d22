"""How far ingest has come: waits until everything that was sent shows in figures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest import connect
from ingest.connect import connection
from ingest.topics import Topics

# What ingest derives from a record it publishes before it commits that record. So once all is committed up to an end,
# the derived records lie before the next end: activities and supersessions, then the activities of those.
_ROUNDS: Final = 3
_POLL_SECONDS: Final = 0.25
STALL_SECONDS: Final = 120.0
"""How long somebody waits for a Kafka or an ingest that does not move."""

Offsets = dict[TopicPartition, int]


def group_id(namespace: str) -> str:
    """Consumer group of a namespace's ingest workers."""
    return f"{namespace}-ingest"


def behind(committed: Offsets, target: Offsets) -> int:
    """Records below the target that are not committed."""
    return sum(max(0, end - committed.get(partition, 0)) for partition, end in target.items())


async def wait_until_ingested(
    settings: Settings,
    bootstrap: str,
    on_progress: Callable[[int], None] | None = None,
    stall_seconds: float = STALL_SECONDS,
) -> None:
    """Return once all that is in the topics now, and all that ingest derives from it, is written.

    on_progress: called with the number of records left. Raises EngineError where Kafka does not answer, or ingest
    makes no progress for ``stall_seconds``. Records sent by others meanwhile are not waited for, so a live stream
    does not hold it up.
    """
    async with _watching(settings, bootstrap, on_progress, stall_seconds) as watch:
        for _ in range(_ROUNDS):
            await watch.reach(await watch.ends())


@asynccontextmanager
async def backlog(settings: Settings, bootstrap: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Gives a question that can be asked again and again: how many records ingest has yet to write.

    Raises EngineError where Kafka does not answer.
    """
    async with _watching(settings, bootstrap) as watch:
        yield watch.left


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """A partition seen from outside. committed: the group's next offset; None where it never committed."""

    topic: str
    partition: int
    begin: int
    end: int
    committed: int | None

    @property
    def lag(self) -> int:
        """Records in Kafka that the group has not committed."""
        return max(0, self.end - max(self.begin, self.committed or 0))

    @property
    def lost(self) -> int:
        """Records that Kafka has deleted although the group had not committed them."""
        return 0 if self.committed is None else max(0, self.begin - self.committed)

    @property
    def beyond(self) -> int:
        """By how much the group has committed more than there is: the log is not the one that it read."""
        return max(0, (self.committed or 0) - self.end)


async def group_lag(settings: Settings, bootstrap: str, apart_seconds: float) -> tuple[list[PartitionLag], float]:
    """The lag of every partition, and how many records a second came in meanwhile, over about so many seconds.

    A topic that does not exist has no partitions. Raises EngineError where Kafka does not answer.
    """
    clock = asyncio.get_running_loop().time
    async with _watching(settings, bootstrap) as watch:
        before, since = await watch.bounds(), clock()
        await asyncio.sleep(apart_seconds)
        committed, after = await watch.committed(), await watch.bounds()
        took = clock() - since
    came = sum(end - before[tp][1] for tp, (_, end) in after.items() if tp in before)
    lags = [PartitionLag(tp.topic, tp.partition, *bounds, committed.get(tp)) for tp, bounds in sorted(after.items())]
    return lags, came / took


@asynccontextmanager
async def _watching(
    settings: Settings,
    bootstrap: str,
    on_progress: Callable[[int], None] | None = None,
    stall_seconds: float = STALL_SECONDS,
) -> AsyncIterator[_Watch]:
    watch = _Watch(settings, bootstrap, on_progress, stall_seconds)
    try:
        await watch.start()
        yield watch
    finally:
        await watch.close()


@contextmanager
def _explained(bootstrap: str) -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as error:
        why = str(error) or type(error).__name__
        raise EngineError(
            f"Kafka at {bootstrap} does not answer: {why}; is it running? see `hubstat engines status`"
        ) from error


class _Watch:
    """Looks at a consumer group from outside. Every question raises EngineError where Kafka does not answer."""

    def __init__(
        self, settings: Settings, bootstrap: str, on_progress: Callable[[int], None] | None, stall_seconds: float
    ) -> None:
        arguments = {"bootstrap_servers": bootstrap, **connection(settings.kafka)}
        self._kafka, self._bootstrap = settings.kafka, bootstrap
        self._group = group_id(settings.namespace)
        self._topics = Topics.of(settings.namespace).names()
        self._on_progress = on_progress
        self._stall_seconds = stall_seconds
        self._admin = AIOKafkaAdminClient(**arguments)
        self._consumer = AIOKafkaConsumer(enable_auto_commit=False, **arguments)

    async def start(self) -> None:
        await connect.start(self._admin, self._kafka, self._bootstrap)
        await connect.start(self._consumer, self._kafka, self._bootstrap)

    async def close(self) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First and end offset of every partition; a topic that does not exist has none."""
        with _explained(self._bootstrap):
            # Of all topics: a broker may make a topic that it is asked for by name.
            described = await self._admin.describe_topics()
            partitions = [
                TopicPartition(topic["topic"], partition["partition"])
                for topic in described
                if topic["topic"] in self._topics
                for partition in topic["partitions"]
            ]
            begins: Offsets = await self._consumer.beginning_offsets(partitions)
            ends: Offsets = await self._consumer.end_offsets(partitions)
        return {partition: (begins[partition], end) for partition, end in ends.items()}

    async def ends(self) -> Offsets:
        """End offsets of every partition that holds records."""
        return {partition: end for partition, (begin, end) in (await self.bounds()).items() if end > begin}

    async def committed(self) -> Offsets:
        """Offsets the group has committed."""
        with _explained(self._bootstrap):
            try:
                offsets = await self._admin.list_consumer_group_offsets(self._group)
            except GroupCoordinatorNotAvailableError:  # of a Kafka on which no group has met yet
                return {}
        return {partition: meta.offset for partition, meta in offsets.items() if meta.offset >= 0}

    async def left(self) -> int:
        """Records in the topics that the group has not committed."""
        target = await self.ends()
        return behind(await self.committed(), target)

    async def reach(self, target: Offsets) -> None:
        """Wait until the group has committed up to the target."""
        clock = asyncio.get_running_loop().time
        left, moved = -1, clock()
        while True:
            now = behind(await self.committed(), target)
            if self._on_progress is not None:
                self._on_progress(now)
            if now == 0:
                return
            if now != left:
                left, moved = now, clock()
            elif clock() - moved > self._stall_seconds:
                raise EngineError(
                    f"ingest has not moved for {self._stall_seconds:.0f} s with {now} records left; "
                    "is it running? look into the logs that `hubstat up` named"
                )
            await asyncio.sleep(_POLL_SECONDS)
