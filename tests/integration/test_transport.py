"""The chunked transport on real Kafka: workers that are killed and stopped, their sink compared with what was sent.

`test_a_wrong_ledger_shows_its_loss` proves that the harness sees losses. ``HUBSTAT_TEST_TRANSPORT_RECORDS`` sets the
number of records.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from transport import PARTITIONS, Harness, produce

from hubstat.errors import EngineError, SettingsError
from ingest.topics import ensure_topics

pytestmark = pytest.mark.engines

RECORDS = int(os.environ.get("HUBSTAT_TEST_TRANSPORT_RECORDS", "30000"))


@pytest.fixture
def harness(engines: Any, tmp_path: Path) -> Iterator[Harness]:
    with Harness(engines.kafka_bootstrap, tmp_path) as harness:
        asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
        yield harness


def test_a_worker_killed_in_mid_flush_loses_nothing(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(RECORDS)))
    worker = harness.start(flush_seconds=0.3)
    for _ in range(3):
        before = len(harness.sink())
        harness.wait_for(lambda n=before: len(harness.sink()) > n + 3000)  # type: ignore[misc]
        harness.stop(worker, signal.SIGKILL)
        before = len(harness.sink())
        committed = {tp.partition: offset for tp, (offset, _) in asyncio.run(harness.commits()).items()}
        worker = harness.start(flush_seconds=0.3)
        harness.wait_for(lambda n=before: len(harness.sink()) > n)  # type: ignore[misc]
        assert all(line.offset >= committed[line.partition] for line in harness.sink()[before:])
    harness.wait_for_all(sent, RECORDS / 500)
    assert set(harness.seen()) == sent
    assert harness.stop(worker) == 0
    assert harness.lag() == 0


def test_a_wrong_ledger_shows_its_loss(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(RECORDS)))
    worker = harness.start(flush_seconds=1.5, wrong_ledger=True)
    harness.wait_for(lambda: len(harness.sink()) > 2000)
    harness.stop(worker, signal.SIGKILL)
    worker = harness.start(wrong_ledger=True)
    last = asyncio.run(produce(harness, harness.topics.invoice_events, range(RECORDS, RECORDS + 100)))
    harness.wait_for_all(last)
    assert harness.stop(worker) == 0
    assert harness.lag() == 0
    assert len(sent - set(harness.seen())) > 1000


def test_a_groups_first_batch_that_fails_commits_nothing(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(3000)))
    worker = harness.start(fail_flush=1)
    assert worker.wait(30) == 70
    assert "planned failure" in harness.log()
    assert harness.committed() == 0
    worker = harness.start()
    harness.wait_for_all(sent)
    assert harness.stop(worker) == 0
    assert set(harness.seen().values()) == {1}
    assert harness.lag() == 0


def test_a_later_batch_that_fails_comes_again(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(12_000)))
    assert harness.start(fail_flush=4, flush_seconds=0.1).wait(30) == 70
    worker = harness.start()
    harness.wait_for_all(sent)
    assert harness.stop(worker) == 0
    assert harness.lag() == 0


def test_a_chunk_that_an_agent_drops_stops_its_partition_and_then_the_worker(harness: Harness) -> None:
    """An agent that raises has Faust start another one; the watch over the oldest chunk ends the worker."""
    topic = harness.topics.invoice_events
    first = asyncio.run(produce(harness, topic, range(4000)))
    worker = harness.start(fail_route=2, environment={"HUBSTAT_INGEST__STUCK_SECONDS": "5"})
    harness.wait_for(lambda: "planned failure of the agent" in harness.log())
    second = asyncio.run(produce(harness, topic, range(4000, 8000)))
    assert worker.wait(30) == 70
    assert "the oldest record read is not written and committed after" in harness.log()
    dropped = first - set(harness.seen())
    assert dropped, "the agent has dropped a chunk"
    assert second & set(harness.seen()), "the other partitions go on"
    assert 0 < harness.committed() <= len(first | second) - len(dropped)
    worker = harness.start()
    harness.wait_for_all(first | second)
    assert harness.stop(worker) == 0
    assert harness.lag() == 0


async def _transactions(harness: Harness, count: int) -> set[str]:
    """Transactions of 40 records, every third and the last one aborted; the values of the committed ones."""
    producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, transactional_id=harness.namespace)
    await producer.start()
    committed = set()
    try:
        for number in range(count):
            await producer.begin_transaction()
            values = [f"tx{number}-{n}" for n in range(40)]
            for n, value in enumerate(values):
                await producer.send(harness.topics.invoice_events, value.encode(), key=f"k{n}".encode())
            if number % 3 == 0 or number == count - 1:
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
                committed |= set(values)
    finally:
        await producer.stop()
    return committed


def test_aborted_transactions_are_not_seen_and_leave_no_lag(harness: Harness) -> None:
    worker = harness.start(flush_seconds=0.02)
    committed = asyncio.run(_transactions(harness, 31))
    harness.wait_for_all(committed)
    harness.wait_for(lambda: harness.lag() == 0, 15)
    assert harness.stop(worker) == 0
    assert set(harness.seen()) == committed == set(harness.readable())


@pytest.mark.parametrize(("flush_seconds", "limit_seconds"), [(2.5, 8), (0.0, 4)])
def test_a_stop_waits_for_the_flush_in_flight_and_commits_it(
    harness: Harness, flush_seconds: float, limit_seconds: float, figure: Callable[[str], None]
) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(400)))
    began = time.monotonic()
    worker = harness.start(flush_seconds=flush_seconds)
    harness.wait_for(lambda: harness.assignments() == [PARTITIONS])
    started = time.monotonic() - began
    time.sleep(0.5)
    assert bool(harness.sink()) is (flush_seconds == 0.0)
    stopped = time.monotonic()
    assert harness.stop(worker) == 0
    took = time.monotonic() - stopped
    figure(f"start to first flush {started:.1f} s, stop {took:.1f} s, of it up to {flush_seconds} s for a flush")
    assert took < limit_seconds
    assert 0 < len(harness.sink()) == harness.committed()
    sent |= asyncio.run(produce(harness, harness.topics.invoice_events, range(400, 500)))
    worker = harness.start()
    harness.wait_for_all(sent)
    assert harness.stop(worker) == 0
    assert set(harness.seen().values()) == {1}


def test_all_topics_arrive_in_order_with_key_header_and_broker_time(harness: Harness) -> None:
    """Also what a flush publishes is safe before its records are committed: here Friend activity, to be read again."""
    topics, now = harness.topics, time.time() * 1000
    asyncio.run(produce(harness, topics.friend_events, range(500), "f"))
    asyncio.run(produce(harness, topics.invoice_events, range(500), "i"))
    worker = harness.start(publish_to=topics.friend_activity)
    harness.wait_for(
        lambda: len({(w.partition, w.offset) for w in harness.sink() if w.topic == topics.friend_activity}) >= 1000
    )
    worker.kill()
    lines = harness.sink()
    for topic in (topics.invoice_events, topics.friend_events):
        for partition in range(PARTITIONS):
            offsets = [line.offset for line in lines if (line.topic, line.partition) == (topic, partition)]
            assert offsets == list(range(len(offsets)))

    async def records() -> list[Any]:
        consumer = AIOKafkaConsumer(
            topics.friend_activity, bootstrap_servers=harness.bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            return [await asyncio.wait_for(consumer.getone(), 10) for _ in range(1000)]
        finally:
            await consumer.stop()

    found = asyncio.run(records())
    assert {r.value.decode() for r in found} >= {f"{p}{n}" for p in "fi" for n in range(500)}
    assert {dict(r.headers)["n"] for r in found} == {b"%d" % n for n in range(500)}
    assert all(r.timestamp_type == 1 and r.timestamp >= now - 1000 for r in found)


def test_a_start_without_kafka_ends_in_seconds_with_one_line(tmp_path: Path) -> None:
    with Harness("127.0.0.1:1", tmp_path) as harness:
        assert harness.start().wait(10) == EngineError.exit_code
    assert harness.log().startswith("error: Kafka at 127.0.0.1:1 does not answer")
    assert len(harness.log().splitlines()) == 1


def test_topics_that_are_missing_are_made_with_all_their_partitions(harness: Harness) -> None:
    asyncio.run(produce(harness, harness.topics.friend_activity, range(100)))
    worker = harness.start()
    harness.wait_for(lambda: len(harness.sink()) == 100)
    assert harness.assignments() == [2 * PARTITIONS]
    assert harness.stop(worker) == 0


@pytest.mark.parametrize(
    ("partitions", "configs", "complaint"),
    [
        (1, {"message.timestamp.type": "LogAppendTime"}, "has 1 partitions, HUBSTAT_KAFKA__PARTITIONS says 4"),
        (PARTITIONS, {}, "has message.timestamp.type=CreateTime"),
    ],
)
def test_a_topic_that_is_not_as_needed_is_refused(
    engines: Any, tmp_path: Path, partitions: int, configs: dict[str, str], complaint: str
) -> None:
    harness = Harness(engines.kafka_bootstrap, tmp_path)
    asyncio.run(harness.make_topic(harness.topics.friend_activity, partitions, configs))
    with pytest.raises(SettingsError, match=complaint):
        asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
