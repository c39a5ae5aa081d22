"""A naive Faust worker: ``Record``, ``take`` and ``async_bulk``, each event a document, blindly.

Reads PEER_RECORDS records of PEER_TOPIC and prints how long it took, from the first record on.
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

BATCH = 2_000
RECORDS = int(os.environ["PEER_RECORDS"])
INDEX = os.environ["PEER_INDEX"]

began: list[tuple[float, float]] = []
"""Time and CPU time at the first record."""


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

    def __post_init__(self) -> None:
        if not began:  # Faust reads thousands of records before its agent sees the first one
            began.append((time.monotonic(), time.process_time()))


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
    """Write each batch and end with the last.

    What the last batch, which is not full, waits for in vain is no part of the time.
    """
    arrived, done, last, written = 0, 0, 0.0, 0.0

    def arrive(event: Event) -> Event:
        nonlocal arrived, last
        arrived += 1
        if arrived == RECORDS:
            last = time.monotonic()
        return event

    events.add_processor(arrive)
    client = AsyncElasticsearch(os.environ["PEER_ELASTICSEARCH"])
    async for batch in events.take(BATCH, within=1.0):
        taken = time.monotonic()
        await async_bulk(
            client,
            [{"_index": INDEX, "_id": event.event_id, "_source": event.asdict()} for event in batch],
            chunk_size=BATCH,
        )
        done += len(batch)
        if done >= RECORDS:
            waited = taken - max(last, written)
            ((clock, cpu),) = began
            took = {"seconds": time.monotonic() - clock - waited, "cpu_seconds": time.process_time() - cpu}
            # Past Faust's own standard output, and after the line that its spinner leaves open.
            os.write(1, f"\n{json.dumps(took)}\n".encode())
            os._exit(0)
        written = time.monotonic()


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "worker", "--loglevel=error", "--without-web"]
    app.main()
