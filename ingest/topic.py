"""Reading a topic from its beginning to its present end, apart from the ingest group: for the audit."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest import connect
from ingest.connect import connection


async def read_topic(settings: Settings, bootstrap: str, topic: str) -> AsyncIterator[list[ConsumerRecord]]:
    """Batches of all records within retention up to the end at the start of the call, aborted ones left out.

    Records of one partition come in order. Raises ``EngineError`` where Kafka does not answer.
    """
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
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for partition, records in (await consumer.getmany(timeout_ms=500, max_records=10_000)).items():
                yield [record for record in records if record.offset < ends[partition]]
    except KafkaError as error:
        raise EngineError(f"Kafka at {bootstrap} does not answer: {error}; see `hubstat engines status`") from error
    finally:
        await consumer.stop()
