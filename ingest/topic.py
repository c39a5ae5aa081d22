"""Reading a topic from its beginning to its present end, apart from the ingest group: for the audit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest import connect
from ingest.connect import connection
from ingest.progress import STALL_SECONDS


async def read_topic(
    settings: Settings, bootstrap: str, topic: str, stall_seconds: float = STALL_SECONDS
) -> AsyncIterator[list[ConsumerRecord]]:
    """Batches of all records within retention up to the end at the start of the call, aborted ones left out.

    Records of one partition come in order. Raises ``EngineError`` where Kafka does not answer, or gives no record for
    ``stall_seconds``.
    """
    clock = asyncio.get_running_loop().time
    consumer = AIOKafkaConsumer(
        topic,
        auto_offset_reset="earliest",
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        **connection(settings.kafka),
    )
    try:
        await connect.start(consumer, settings.kafka, bootstrap)
        ends = await consumer.end_offsets(consumer.assignment())
        moved, before = clock(), 0
        while left := await _left(consumer, ends):
            if left != before:
                moved, before = clock(), left
            elif clock() - moved > stall_seconds:
                raise EngineError(
                    f"Kafka at {bootstrap} has given no record of {topic} for {stall_seconds:.0f} s with {left} left; "
                    "see `hubstat engines status`"
                )
            for partition, records in (await consumer.getmany(timeout_ms=500, max_records=10_000)).items():
                yield [record for record in records if record.offset < ends[partition]]
                moved = clock()  # whoever reads this may take long
    except KafkaError as error:
        raise EngineError(f"Kafka at {bootstrap} does not answer: {error}; see `hubstat engines status`") from error
    finally:
        await consumer.stop()


async def _left(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> int:
    """Offsets still to be read."""
    return sum([max(0, end - await consumer.position(partition)) for partition, end in ends.items()])
