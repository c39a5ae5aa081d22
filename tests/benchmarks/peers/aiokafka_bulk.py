"""A naive consumer: aiokafka, ``json``, and ``elasticsearch.helpers.streaming_bulk``, each event a document, blindly.

Reads PEER_RECORDS records of PEER_TOPIC and prints how long it took, from the first record on.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from aiokafka import AIOKafkaConsumer
from elasticsearch import Elasticsearch, helpers

BATCH = 2_000


async def main() -> None:
    """Read, write, print."""
    records = int(os.environ["PEER_RECORDS"])
    index = os.environ["PEER_INDEX"]
    client = Elasticsearch(os.environ["PEER_ELASTICSEARCH"])
    consumer = AIOKafkaConsumer(
        os.environ["PEER_TOPIC"],
        bootstrap_servers=os.environ["PEER_KAFKA"],
        group_id=f"{index}-naive",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    done, began, cpu = 0, 0.0, 0.0
    try:
        while done < records:
            batches = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
            if not began and batches:
                began, cpu = time.monotonic(), time.process_time()
            actions = [action(index, json.loads(record.value)) for batch in batches.values() for record in batch]
            for _ in helpers.streaming_bulk(client, actions, chunk_size=BATCH):
                done += 1
            await consumer.commit()
        took = {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}
    finally:
        await consumer.stop()
        client.close()
    sys.stdout.write(json.dumps(took) + "\n")


def action(index: str, event: dict[str, Any]) -> dict[str, Any]:
    """One event as a document of its own id."""
    return {"_index": index, "_id": event["event_id"], "_source": event}


if __name__ == "__main__":
    asyncio.run(main())
