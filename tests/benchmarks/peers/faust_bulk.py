"""A naive Faust worker: ``Record``, ``take`` and ``async_bulk``, each event a document, blindly.

Reads PEER_RECORDS records of PEER_TOPIC and prints how long it took, from the first batch on.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import faust
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk

BATCH = 1_000
RECORDS = int(os.environ["PEER_RECORDS"])
INDEX = os.environ["PEER_INDEX"]


class Event(faust.Record, serializer="json"):
    """The fields that every invoice event has, and those that some have."""

    invoice_no: str
    direction: str
    code: str
    event_time: str
    event_id: str
    v: int = 1
    camp_id: str | None = None
    friend_id: str | None = None
    service_date: str | None = None
    wave: str | None = None
    promised_at: str | None = None
    reason: str | None = None
    source: str | None = None


app = faust.App(
    f"{INDEX}-naive",
    broker=f"kafka://{os.environ['PEER_KAFKA']}",
    consumer_auto_offset_reset="earliest",
    topic_disable_leader=True,
    topic_allow_declare=False,
    web_enabled=False,
    worker_redirect_stdouts=False,
    store="memory://",
    datadir=Path(os.environ["PEER_FOLDER"]) / INDEX,
)
topic = app.topic(os.environ["PEER_TOPIC"], value_type=Event)


@app.agent(topic)
async def write(events: Any) -> None:
    """Write each batch and end with the last."""
    done, began, cpu = 0, 0.0, 0.0
    client = AsyncElasticsearch(os.environ["PEER_ELASTICSEARCH"])
    async for batch in events.take(BATCH, within=1.0):
        if not began:
            began, cpu = time.monotonic(), time.process_time()
        await async_bulk(
            client, [{"_index": INDEX, "_id": event.event_id, "_source": event.asdict()} for event in batch]
        )
        done += len(batch)
        if done >= RECORDS:
            took = {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}
            # Past Faust's own standard output, and after the line that its spinner leaves open.
            os.write(1, f"\n{json.dumps(took)}\n".encode())
            os._exit(0)


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "--loglevel=error", "--without-web"]
    app.main()
