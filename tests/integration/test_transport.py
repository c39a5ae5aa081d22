"""The chunked transport on real Kafka: workers that are killed and stopped, their sink compared with what was sent.

`test_a_wrong_ledger_shows_its_loss` proves that the harness sees losses.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hubstat.errors import EngineError, SettingsError
from hubstat.settings import Settings
from ingest.topics import Topics, ensure_topics

pytestmark = pytest.mark.engines

WORKER = Path(__file__).with_name("transport_worker.py")
PARTITIONS = 4
FUZZ_SECONDS = float(os.environ.get("FUZZ_SECONDS", "15"))
FUZZ_SEED = int(os.environ.get("FUZZ_SEED", "1"))


@dataclass
class Harness:
    """One namespace on Kafka, the workers of its group and the sink file that they share."""

    bootstrap: str
    folder: Path
    namespace: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def topics(self) -> Topics:
        return Topics.of(self.namespace)

    @property
    def settings(self) -> Settings:
        return Settings(namespace=self.namespace, state_dir=self.folder, kafka={"partitions": PARTITIONS})  # type: ignore[arg-type]

    def start(self, worker_id: int = 1, **plan: Any) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "HUBSTAT_NAMESPACE": self.namespace,
            "HUBSTAT_STATE_DIR": str(self.folder),
            "HUBSTAT_KAFKA__PARTITIONS": str(PARTITIONS),
            "HUBSTAT_INGEST__WORKER_ID": str(worker_id),
            "HUBSTAT_INGEST__SESSION_TIMEOUT_SECONDS": "6",
        }
        log = (self.folder / f"worker{worker_id}.log").open("ab")
        command = [sys.executable, str(WORKER), self.bootstrap, str(self.folder / "sink"), json.dumps(plan)]
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        log.close()
        self.workers.append(worker)
        return worker

    def log(self, worker_id: int = 1) -> str:
        return (self.folder / f"worker{worker_id}.log").read_text()

    def stop(self, worker: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
        worker.send_signal(how)
        return worker.wait(20)

    def lines(self) -> list[str]:
        path = self.folder / "sink"
        return path.read_text().splitlines() if path.exists() else []

    def sink(self) -> list[list[str]]:
        return [line.split(" ") for line in self.lines() if not line.startswith("assigned")]

    def seen(self) -> Counter[str]:
        return Counter(value for *_, value in self.sink())

    def wait_for(self, condition: Callable[[], bool], seconds: float = 40.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s:\n{self.log()[-3000:]}"
            time.sleep(0.05)

    async def commits(self) -> dict[TopicPartition, tuple[int, int]]:
        """Committed offset (0: no commit) and end of each partition of invoice-events."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, group_id=f"{self.namespace}-ingest")
        await consumer.start()
        try:
            partitions = [TopicPartition(self.topics.invoice_events, number) for number in range(PARTITIONS)]
            ends = await consumer.end_offsets(partitions)
            return {tp: (await consumer.committed(tp) or 0, ends[tp]) for tp in partitions}
        finally:
            await consumer.stop()

    def committed(self) -> int:
        """Sum of the committed offsets."""
        return sum(committed for committed, _ in asyncio.run(self.commits()).values())

    def lag(self) -> int:
        """Offsets, of records or markers, behind the last commit."""
        return sum(end - committed for committed, end in asyncio.run(self.commits()).values())


@pytest.fixture
def harness(engines: Any, tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(engines.kafka_bootstrap, tmp_path)
    asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
    yield harness
    for worker in harness.workers:
        if worker.poll() is None:
            worker.kill()
            worker.wait(10)


async def produce(harness: Harness, topic: str, values: range, prefix: str = "e") -> set[str]:
    """Send ``{prefix}{number}`` for each number, over many keys; the values sent."""
    producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, acks="all", linger_ms=5, max_batch_size=100_000)
    await producer.start()
    try:
        sent = [
            await producer.send(topic, f"{prefix}{n}".encode(), key=f"k{n % 997}".encode(), headers=[("n", b"%d" % n)])
            for n in values
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return {f"{prefix}{n}" for n in values}


def test_a_worker_killed_in_mid_flush_loses_nothing(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(30_000)))
    worker = harness.start(flush_seconds=0.3)
    for _ in range(2):
        before = len(harness.sink())
        harness.wait_for(lambda n=before: len(harness.sink()) > n + 4000)  # type: ignore[misc]
        harness.stop(worker, signal.SIGKILL)
        before = len(harness.sink())
        committed = {tp.partition: offset for tp, (offset, _) in asyncio.run(harness.commits()).items()}
        worker = harness.start(flush_seconds=0.3)
        harness.wait_for(lambda n=before: len(harness.sink()) > n)  # type: ignore[misc]
        again = harness.sink()[before:]
        assert all(int(offset) >= committed[int(partition)] for _, partition, offset, *_ in again)
    harness.wait_for(lambda: set(harness.seen()) == sent)
    assert harness.stop(worker) == 0
    assert harness.lag() == 0


def test_a_wrong_ledger_shows_its_loss(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(30_000)))
    worker = harness.start(flush_seconds=1.5, wrong_ledger=True)
    harness.wait_for(lambda: len(harness.sink()) > 2000)
    harness.stop(worker, signal.SIGKILL)
    worker = harness.start(wrong_ledger=True)
    last = asyncio.run(produce(harness, harness.topics.invoice_events, range(30_000, 30_100)))
    harness.wait_for(lambda: last <= set(harness.seen()))
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
    harness.wait_for(lambda: set(harness.seen()) == sent)
    assert harness.stop(worker) == 0
    assert set(harness.seen().values()) == {1}
    assert harness.lag() == 0


def test_a_later_batch_that_fails_comes_again(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(12_000)))
    assert harness.start(fail_flush=4, flush_seconds=0.1).wait(30) == 70
    worker = harness.start()
    harness.wait_for(lambda: set(harness.seen()) == sent)
    assert harness.stop(worker) == 0
    assert harness.lag() == 0


def test_a_second_worker_joins_and_leaves(harness: Harness) -> None:
    topic = harness.topics.invoice_events
    sent = asyncio.run(produce(harness, topic, range(10_000)))
    first = harness.start(1, flush_seconds=0.3)
    harness.wait_for(lambda: len(harness.sink()) > 500)
    second = harness.start(2, flush_seconds=0.3)

    def joined() -> bool:
        """Events go on all the while: the first worker is revoked in mid-flush and must then hold half."""
        sent.update(asyncio.run(produce(harness, topic, range(len(sent), len(sent) + 500))))
        return "assigned 2" in harness.lines()

    harness.wait_for(joined)
    sent.update(asyncio.run(produce(harness, topic, range(len(sent), len(sent) + 8000))))
    harness.wait_for(lambda: set(harness.seen()) == sent)
    assert harness.stop(second) == 0
    sent.update(asyncio.run(produce(harness, topic, range(len(sent), len(sent) + 2000))))
    harness.wait_for(lambda: set(harness.seen()) == sent)
    assert harness.stop(first) == 0
    assert harness.lag() == 0


async def _transactions(harness: Harness, until: Callable[[int], bool], aborted: Callable[[int], bool]) -> set[str]:
    """Transactions of 40 records until told otherwise, the last one aborted; the values of the committed ones."""
    producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, transactional_id=harness.namespace)
    await producer.start()
    committed = set()
    number = 0
    try:
        last = False
        while not last:
            last = until(number)
            await producer.begin_transaction()
            values = [f"tx{number}-{n}" for n in range(40)]
            for n, value in enumerate(values):
                await producer.send(harness.topics.invoice_events, value.encode(), key=f"k{n}".encode())
            if last or aborted(number):
                await producer.abort_transaction()
            else:
                await producer.commit_transaction()
                committed |= set(values)
            number += 1
    finally:
        await producer.stop()
    return committed


def test_aborted_transactions_are_not_seen_and_leave_no_lag(harness: Harness) -> None:
    worker = harness.start(flush_seconds=0.02)
    committed = asyncio.run(_transactions(harness, lambda n: n == 30, lambda n: n % 3 == 0))
    harness.wait_for(lambda: set(harness.seen()) == committed)
    harness.wait_for(lambda: harness.lag() == 0, 15)
    assert harness.stop(worker) == 0
    assert set(harness.seen()) == committed


def test_fuzz(harness: Harness) -> None:
    """Workers killed, stopped, frozen past their session and started again while transactions come and go."""
    chance = random.Random(FUZZ_SEED)
    deadline = time.monotonic() + FUZZ_SECONDS
    with ThreadPoolExecutor(1) as pool:
        aborts = random.Random(FUZZ_SEED + 1)
        sending = pool.submit(
            lambda: asyncio.run(
                _transactions(harness, lambda _: time.monotonic() > deadline, lambda _: aborts.random() < 0.25)
            )
        )
        workers = {number: harness.start(number, flush_seconds=0.1) for number in (1, 2, 3)}
        while not sending.done():
            time.sleep(chance.uniform(0.5, 2.5))
            number = chance.choice(list(workers))
            what = chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
            workers[number].send_signal(what)
            if what == signal.SIGSTOP:
                time.sleep(chance.choice([1, 8]))
                workers[number].send_signal(signal.SIGCONT)
            for each, worker in workers.items():
                if each == number and what != signal.SIGSTOP:
                    worker.wait(20)
                if worker.poll() is not None:
                    workers[each] = harness.start(each, flush_seconds=0.1)
        committed = sending.result()
    harness.wait_for(lambda: set(harness.seen()) >= committed)
    harness.wait_for(lambda: harness.lag() == 0, 15)
    assert set(harness.seen()) == committed


def test_a_stop_waits_for_the_flush_in_flight_and_commits_it(harness: Harness) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(400)))
    worker = harness.start(flush_seconds=2.5)
    harness.wait_for(lambda: harness.lines() == [f"assigned {PARTITIONS}"])
    time.sleep(0.5)
    assert harness.sink() == []
    stopped = time.monotonic()
    assert harness.stop(worker) == 0
    assert time.monotonic() - stopped < 8
    assert 0 < len(harness.sink()) == harness.committed()
    worker = harness.start()
    harness.wait_for(lambda: set(harness.seen()) == sent)
    assert harness.stop(worker) == 0
    assert set(harness.seen().values()) == {1}


def test_all_topics_arrive_in_order_with_key_header_and_broker_time(harness: Harness) -> None:
    """Also what a flush publishes is safe before its records are committed: here Friend activity, to be read again."""
    topics, now = harness.topics, time.time() * 1000
    asyncio.run(produce(harness, topics.friend_events, range(500), "f"))
    asyncio.run(produce(harness, topics.invoice_events, range(500), "i"))
    worker = harness.start(publish_to=topics.friend_activity)
    harness.wait_for(
        lambda: len({tuple(line[:3]) for line in harness.sink() if line[0] == topics.friend_activity}) >= 1000
    )
    worker.kill()
    lines = harness.sink()
    for topic in (topics.invoice_events, topics.friend_events):
        for partition in range(PARTITIONS):
            offsets = [int(line[2]) for line in lines if line[:2] == [topic, str(partition)]]
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


def test_a_second_worker_of_the_same_id_is_refused(harness: Harness) -> None:
    first = harness.start(1)
    harness.wait_for(lambda: (harness.folder / "namespaces" / harness.namespace / "ingest-1.lock").exists())
    time.sleep(0.5)
    assert harness.start(1).wait(20) == SettingsError.exit_code
    assert "an ingest worker with id 1 runs already" in harness.log()
    harness.wait_for(lambda: first.poll() is None)
    assert harness.stop(first) == 0


def test_a_start_without_kafka_ends_in_seconds_with_one_line(tmp_path: Path) -> None:
    harness = Harness("127.0.0.1:1", tmp_path)
    assert harness.start().wait(10) == EngineError.exit_code
    assert harness.log().startswith("error: Kafka at 127.0.0.1:1 does not answer")
    assert len(harness.log().splitlines()) == 1


async def _topic(harness: Harness, name: str, partitions: int, configs: dict[str, str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=harness.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
    finally:
        await admin.close()


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
    asyncio.run(_topic(harness, harness.topics.friend_activity, partitions, configs))
    with pytest.raises(SettingsError, match=complaint):
        asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
