"""A simulated day through real workers while things break; each ends with the audit, at which nothing may differ.

``HUBSTAT_TEST_FAULT_INVOICES`` sets the size, ``HUBSTAT_TEST_FAULT_FULL=1`` keeps Elasticsearch away for a whole
minute, ``HUBSTAT_TEST_FAULT_SEED`` makes another day and other moments.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from bad_input import BAD
from faults import FULL, PARTITIONS, SEED, ZONE, OwnEngines, Trial, a_trial, own_engines, simulated, spread, told
from proxy import Act

from hubstat.domain import time as tm
from hubstat.engines import EngineAddresses
from hubstat.simulator import Record, time_text
from ingest.topic import read_topic

pytestmark = pytest.mark.engines

AWAY_SECONDS = 60.0 if FULL else 5.0
Figure = Callable[[str], None]
UNSAFE = 70


@pytest.fixture
async def trial(engines: EngineAddresses, namespace: str, tmp_path: Path) -> AsyncIterator[Trial]:
    async with a_trial(engines, namespace, tmp_path) as trial:
        yield trial


@pytest.fixture(scope="module")
def own() -> Iterator[OwnEngines]:
    """Engines that may be killed."""
    with own_engines() as own:
        yield own


@pytest.fixture
async def own_trial(own: OwnEngines, namespace: str, tmp_path: Path) -> AsyncIterator[Trial]:
    async with a_trial(own.addresses, namespace, tmp_path) as trial:
        yield trial


async def _end(worker: subprocess.Popen[bytes], how: signal.Signals) -> int:
    worker.send_signal(how)
    return await asyncio.to_thread(worker.wait, 30)


async def test_a_worker_killed_five_times(trial: Trial, figure: Figure) -> None:
    day, chance = simulated(), Random(SEED)
    figure(f"seed {SEED}")
    await trial.begin(day)
    await trial.feed(day.records)
    for _ in range(5):
        worker = trial.work()
        await trial.until_busy(chance.randrange(20))
        await asyncio.sleep(chance.random() * 0.05)
        assert worker.poll() is None
        await _end(worker, signal.SIGKILL)
    assert await trial.unwritten() > 0
    trial.work()
    figure(told("worker killed five times", await trial.assert_sound(day)))


async def test_elasticsearch_killed_and_away(own_trial: Trial, own: OwnEngines, figure: Figure) -> None:
    day = simulated()
    await own_trial.begin(day)
    await own_trial.feed(day.records)
    worker = own_trial.work()
    await own_trial.until_busy(5)
    own.kill("elasticsearch")
    killed = time.monotonic()
    await asyncio.sleep(AWAY_SECONDS)
    assert worker.poll() is None, "the worker must wait for Elasticsearch, not end"
    assert f"Elasticsearch at {own_trial.url} does not answer" in own_trial.log()
    assert await own_trial.unwritten() > 0
    await asyncio.to_thread(own.start)
    away = time.monotonic() - killed
    result = await own_trial.assert_sound(day)
    assert worker.poll() is None
    figure(told(f"Elasticsearch away for {away:.0f} s", result))


async def test_kafka_killed_and_restarted(own_trial: Trial, own: OwnEngines, figure: Figure) -> None:
    day = simulated()
    await own_trial.begin(day)
    await own_trial.feed(day.records)
    worker = own_trial.work()
    await own_trial.until_busy(5)
    own.kill("kafka")
    await asyncio.sleep(1)
    await asyncio.to_thread(own.start)
    await own_trial.until_busy(2)
    await asyncio.to_thread(own.stop, "kafka")
    await asyncio.sleep(1)
    await asyncio.to_thread(own.start)
    result = await own_trial.assert_sound(day)
    assert worker.poll() is None, "the worker must wait for Kafka, not end"
    figure(told("Kafka killed and restarted", result))


async def test_a_rebalance_in_mid_flush(trial: Trial, figure: Figure) -> None:
    """Others join while a worker writes, and leave as they should, and by force."""
    day, chance = simulated(), Random(SEED)
    await trial.begin(day)
    trial.proxy.delay = 0.05
    first = trial.work("1")
    enough = asyncio.Event()
    sending = asyncio.create_task(trial.drip(day.records, enough))
    for how in (signal.SIGTERM, signal.SIGKILL):
        other = trial.work("2")
        await trial.until(lambda: "2" in trial.reporting(), "the second worker reports")
        await trial.until_busy(chance.randrange(10))
        assert await _end(other, how) == (0 if how is signal.SIGTERM else -how)
        await asyncio.to_thread(trial.forget, "2")
    assert not sending.done()
    enough.set()
    await sending
    result = await trial.assert_sound(day)
    assert first.poll() is None
    figure(told("rebalanced", result))


def _mixed(chance: Random) -> Act:
    acts: tuple[tuple[Act, float], ...] = (
        ("busy", 0.06),
        ("busy items", 0.12),
        ("hang", 0.015),
        ("cut", 0.04),
        ("drop", 0.04),
        ("pass", 0.725),
    )
    return chance.choices([act for act, _ in acts], [share for _, share in acts])[0]


async def test_refusals_timeouts_and_cut_answers(trial: Trial, figure: Figure) -> None:
    day, chance = simulated(), Random(SEED)

    def plan(path: str, number: int) -> Act:
        act = _mixed(chance)
        return "busy" if act == "busy items" and not path.startswith("/_bulk") else act

    await trial.begin(day)
    await trial.feed(day.records)
    worker = trial.work()
    await trial.until_busy()
    trial.proxy.plan = plan
    trial.proxy.delay = 0
    result = await trial.assert_sound(day)
    assert worker.poll() is None, "the worker must wait, not end"
    acts = trial.proxy.acts
    assert min(acts[act] for act in ("busy", "busy items", "hang", "cut", "drop")) > 0, acts
    figure(told(f"injected {dict(acts)}", result))


async def test_aborted_transactions(trial: Trial, figure: Figure) -> None:
    """Aborted records are in the topic and may not count; the last transaction of every partition is one of them."""
    day, phantom = simulated(), simulated(seed=SEED + 1)
    await trial.begin(day)
    trial.work()
    invoices = [record for record in day.records if record.kind == "invoice"]
    others = [record for record in phantom.records if record.kind == "invoice"]
    producer = AIOKafkaProducer(bootstrap_servers=trial.bootstrap, transactional_id=trial.settings.namespace)
    await producer.start()
    try:
        for kept, aborted in zip(spread(invoices, 10), spread(others, 10), strict=True):
            for records, ends in ((kept, producer.commit_transaction), (aborted, producer.abort_transaction)):
                await producer.begin_transaction()
                sent = [await _put(producer, trial.topics.invoice_events, record) for record in records]
                await asyncio.gather(*sent)
                await ends()
    finally:
        await producer.stop()
    await trial.feed([record for record in day.records if record.kind == "friend"])
    figure(told("transactions", await trial.assert_sound(day)))


async def _put(producer: AIOKafkaProducer, topic: str, record: Record, key: bytes | None = None) -> Any:
    headers = [("received-at", str(record.received_ms).encode())]
    partition = int(record.key) % PARTITIONS if key is not None else None
    return await producer.send(topic, record.value, key=key or record.key, partition=partition, headers=headers)


async def test_the_first_batch_fails(trial: Trial, figure: Figure) -> None:
    """Elasticsearch refuses what does not pass by itself: the worker says so and ends, and commits nothing."""
    day = simulated()
    await trial.begin(day)
    await trial.feed(day.records)
    trial.proxy.delay = 0
    refusals: tuple[tuple[Act, str], ...] = (
        ("forbid", "refuses with status 403"),
        ("bad request", "refuses with status 400"),
    )
    for act, said in refusals if FULL else refusals[:1]:
        trial.proxy.plan = lambda path, number, act=act: act if path.startswith("/_bulk") else "pass"  # type: ignore[misc]
        worker = trial.work()
        assert await asyncio.to_thread(worker.wait, 30) == UNSAFE
        last = trial.log().splitlines()[-1]
        assert last.startswith("error: ingest worker ends itself: a flush failed")
        assert said in last
        assert await trial.committed() == 0
        assert trial.stored_events() == Counter()
    trial.proxy.plan = lambda path, number: "pass"
    trial.work()
    figure(told("first batch failed", await trial.assert_sound(day)))


async def test_duplicates_out_of_order_and_corrections(trial: Trial, figure: Figure) -> None:
    day = simulated(duplicates=0.1, out_of_order=0.05, corrections=0.02)
    copies = len(day.records) - day.distinct.total()
    assert copies > len(day.records) * 0.07
    await trial.begin(day)
    await trial.feed(day.records)
    trial.proxy.delay = 0
    trial.work()
    result = await trial.assert_sound(day)
    assert result.invoice_events.repeated + result.friend_events.repeated == copies
    figure(told("duplicates", result))


async def test_a_poison_record_in_every_tenth_batch(trial: Trial, figure: Figure) -> None:
    """Four in it, of another kind each; every one becomes a letter, and nothing stops."""
    day, chance = simulated(), Random(SEED)
    size = 20
    kinds = [(value or b"", reason) for value, reason in BAD.values()]
    sent: list[Record] = []
    reasons: Counter[str] = Counter()
    for place, record in enumerate(day.records):
        sent.append(record)
        if place % (10 * size) < 4:
            value, reason = kinds[reasons.total() % len(kinds)]
            reasons[reason] += 1
            sent.append(Record("invoice", str(chance.randrange(10**6)).encode(), value, record.received_ms))
    await trial.begin(day)
    trial.proxy.delay = 0
    await trial.feed(sent)
    worker = trial.work(chunk_records=size)
    result = await trial.assert_sound(day, letters=Counter(invoice=reasons.total()))
    assert worker.poll() is None
    letters = await asyncio.to_thread(trial.letters)
    assert Counter(letter.reason for letter in letters) == reasons
    figure(told(f"{reasons.total()} poison records", result))


@pytest.mark.parametrize("trusted", [True, False], ids=["received as stated", "received by the broker"])
async def test_clocks_that_are_an_hour_off(trial: Trial, trusted: bool, figure: Figure) -> None:
    """Scans of a third of the camps come an hour ahead, of another third an hour behind: also before their receipt."""
    today = tm.local_date(time.time_ns() // 1_000_000, ZONE)
    day = simulated(day=today - timedelta(days=3))
    day.records[:] = [_skewed(record) for record in day.records]
    ahead = sum(_ahead(record) for record in day.records)
    assert ahead > len(day.records) / 10
    trial.trusted = trusted
    trial.proxy.delay = 0
    await trial.begin(day)
    await trial.feed(day.records)
    trial.work()
    figure(told(f"{ahead} records ahead of their receipt", await trial.assert_sound(day)))


def _ahead(record: Record) -> bool:
    text = orjson.loads(record.value)["event_time"]
    return not tm.is_date(text) and tm.parse_instant(text) > record.received_ms


def _skewed(record: Record) -> Record:
    sent = orjson.loads(record.value)
    skew = (-1, 0, 1)[int(sent["camp_id"][1:]) % 3] if "camp_id" in sent else 0
    if tm.is_date(sent["event_time"]):  # without time of day
        return record
    at = tm.parse_instant(sent["event_time"]) + skew * tm.HOUR
    return record._replace(value=orjson.dumps(sent | {"event_time": time_text(at, ZONE)}))


async def test_gaps_of_a_compacted_topic(own_trial: Trial, own: OwnEngines, figure: Figure) -> None:
    """Records that compaction has removed leave offsets that nobody ever reads."""
    day, phantom = simulated(), simulated(seed=SEED + 1)
    topic = own_trial.topics.invoice_events
    own_trial.proxy.delay = 0
    await _compacted_topic(own_trial, topic)
    await own_trial.begin(day)
    invoices = [record for record in day.records if record.kind == "invoice"]
    removed = iter([record for record in phantom.records if record.kind == "invoice"])
    held_back = len(invoices) // 20
    async with AIOKafkaProducer(bootstrap_servers=own_trial.bootstrap) as producer:
        for place, record in enumerate(invoices[:-held_back]):
            key = str(place).encode()
            if place % 3 == 0:
                await _put(producer, topic, next(removed)._replace(key=record.key), key)
            await _put(producer, topic, record, key)
        await producer.flush()
        await asyncio.sleep(0.3)  # longer than a segment may be open; the next record of a partition closes it
        for place, record in enumerate(invoices[-held_back:]):
            await _put(producer, topic, record, f"last {place}".encode())
    gaps = await _gaps(own_trial, topic, len(invoices))
    assert gaps > len(invoices) / 4
    await own_trial.feed([record for record in day.records if record.kind == "friend"])
    own_trial.work()
    figure(told(f"{gaps} offsets without record", await own_trial.assert_sound(day)))


async def _compacted_topic(trial: Trial, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=trial.bootstrap)
    await admin.start()
    try:
        # By default the cleaner sleeps for 15 s.
        await admin.alter_configs([ConfigResource(ConfigResourceType.BROKER, "1", {"log.cleaner.backoff.ms": "200"})])
        configs = {
            "message.timestamp.type": "LogAppendTime",
            "cleanup.policy": "compact",
            "min.cleanable.dirty.ratio": "0.01",
            "segment.ms": "100",
        }
        await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=configs)])
    finally:
        await admin.close()


async def _gaps(trial: Trial, topic: str, records: int) -> int:
    """How many offsets are without a record, once only so many records are left."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=trial.bootstrap) as consumer:
        ends = await consumer.end_offsets(partitions)
    deadline = time.monotonic() + 40
    while True:
        left = 0
        async for batch in read_topic(trial.settings, trial.bootstrap, topic):
            left += len(batch)
        if left == records:
            return int(sum(ends.values())) - left
        assert time.monotonic() < deadline, f"{left} records are left, not {records}"
        await asyncio.sleep(0.5)
