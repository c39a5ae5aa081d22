"""Ingest on real engines when things break: afterwards no event is missing and none counts twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from random import Random

import pytest
from gate import Gate
from ingestion import Ingestion, expected, network_day

from hubstat.settings import Settings

pytestmark = pytest.mark.engines


@pytest.fixture
async def gate(settings: Settings) -> AsyncIterator[Gate]:
    async with Gate(settings.elasticsearch.url or "") as gate:
        yield gate


@pytest.fixture
async def ingestion(settings: Settings, gate: Gate) -> AsyncIterator[Ingestion]:
    kafka = settings.kafka.model_copy(update={"partitions": 4})
    ingestion = Ingestion(settings.model_copy(update={"kafka": kafka}), gate.url)
    await ingestion.prepare()
    yield ingestion
    await ingestion.close()


async def until(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    for _ in range(int(seconds / 0.1)):
        if await asyncio.to_thread(holds):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


async def assert_complete(ingestion: Ingestion, records: list[bytes]) -> None:
    await ingestion.settled()
    events, activities = expected(records)
    assert await asyncio.to_thread(ingestion.stored_events) == events
    assert await asyncio.to_thread(ingestion.counted_activities) == activities
    assert await asyncio.to_thread(ingestion.letters) == []


async def test_a_worker_killed_in_mid_batch(ingestion: Ingestion, gate: Gate) -> None:
    records = network_day(600)
    gate.hold_after_bulks = 4
    worker = ingestion.start()
    await ingestion.send(records)
    await asyncio.wait_for(gate.held.wait(), 60)
    await asyncio.sleep(0.5)
    worker.send_signal(signal.SIGKILL)
    await asyncio.to_thread(worker.wait)
    assert await ingestion.committed() < len(records)
    gate.set("pass")
    ingestion.start()
    await assert_complete(ingestion, records)


async def test_the_very_first_batch_of_the_group_fails(ingestion: Ingestion, gate: Gate) -> None:
    records = network_day(100)
    await ingestion.send(records)
    gate.hold_after_bulks = 1
    # A stop deadline of no time: the worker ends in its first flush, whose answer is held back.
    worker = ingestion.start(stop_deadline_seconds=0.1)
    await asyncio.wait_for(gate.held.wait(), 60)
    worker.send_signal(signal.SIGTERM)
    await asyncio.to_thread(worker.wait)
    assert await ingestion.committed() == 0
    gate.set("pass")
    ingestion.start()
    await assert_complete(ingestion, records)


async def test_elasticsearch_stopped_in_mid_batch(ingestion: Ingestion, gate: Gate) -> None:
    records = network_day(600)
    gate.hold_after_bulks = 3
    worker = ingestion.start()
    await ingestion.send(records)
    await asyncio.wait_for(gate.held.wait(), 60)
    await asyncio.sleep(4)  # longer than the worker waits for an answer
    gate.set("refuse")
    await asyncio.sleep(3)
    assert worker.poll() is None, "the worker must wait for Elasticsearch, not end"
    gate.set("pass")
    await assert_complete(ingestion, records)


async def test_a_second_worker_joins_and_leaves(ingestion: Ingestion) -> None:
    records = network_day(900)
    thirds = [records[start::3] for start in range(3)]
    ingestion.start("1")
    await until(lambda: "1" in ingestion.reporting(), "the first worker reports")
    await ingestion.send(thirds[0])
    second = ingestion.start("2")
    await until(lambda: "2" in ingestion.reporting(), "the second worker reports")
    sending = asyncio.create_task(ingestion.send(thirds[1]))
    await asyncio.sleep(0.5)
    second.send_signal(signal.SIGTERM)
    await sending
    assert await asyncio.to_thread(second.wait, 30) == 0
    await ingestion.send(thirds[2])
    await assert_complete(ingestion, records)


async def test_any_order_and_repetition_gives_the_same_documents(ingestion: Ingestion, settings: Settings) -> None:
    records = network_day(60)
    ingestion.start()
    await ingestion.send(records)
    await assert_complete(ingestion, records)
    other = replace(
        ingestion,
        settings=ingestion.settings.model_copy(update={"namespace": f"{settings.namespace}b"}),
        workers=[],
    )
    await other.prepare()
    try:
        shuffled = records + records[::3]
        Random(7).shuffle(shuffled)
        other.start()
        await other.send(shuffled)
        await assert_complete(other, records)
        first, second = ingestion.sources("invoices-*"), other.sources("invoices-*")
        assert first == second
    finally:
        await other.close()
