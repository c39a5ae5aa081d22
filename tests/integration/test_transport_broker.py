"""The chunked transport while its Kafka is killed, stopped, or away when it is needed; and a compacted topic.

``HUBSTAT_TEST_TRANSPORT_AWAY_SECONDS`` sets how long Kafka is away, ``…_FUZZ_SECONDS`` and ``…_FUZZ_SEED`` the fuzz.
"""

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from broker import Broker
from transport import Harness, produce

from hubstat.errors import EngineError
from ingest.topics import ensure_topics

pytestmark = pytest.mark.engines

AWAY_SECONDS = float(os.environ.get("HUBSTAT_TEST_TRANSPORT_AWAY_SECONDS", "8"))
FUZZ_SECONDS = float(os.environ.get("HUBSTAT_TEST_TRANSPORT_FUZZ_SECONDS", "20"))
FUZZ_SEED = int(os.environ.get("HUBSTAT_TEST_TRANSPORT_FUZZ_SEED", "1"))
RECOVERY_SECONDS = 10.0
STUCK_SECONDS = 40.0
"""After so long without an assignment, or a write, a worker of the fuzz ends itself, and is started again."""
MOST_LINES = 80
"""Of a worker's log while Kafka is away: the clients log thousands."""


@pytest.fixture(scope="module")
def kafka() -> Iterator[Broker]:
    broker = Broker(properties={"log.cleaner.backoff.ms": "300"})
    broker.start()
    yield broker
    broker.close()


@pytest.fixture
def harness(kafka: Broker, tmp_path: Path) -> Iterator[Harness]:
    kafka.ensure_running()
    with Harness(kafka.bootstrap, tmp_path) as harness:
        asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
        yield harness


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_kafka_goes_and_comes_back(harness: Harness, kafka: Broker, how: str, figure: Callable[[str], None]) -> None:
    """What a flush publishes waits meanwhile; the worker goes on by itself."""
    topics = harness.topics
    sent = asyncio.run(produce(harness, topics.invoice_events, range(20_000)))
    worker = harness.start(flush_seconds=0.2, publish_to=topics.friend_activity)
    harness.wait_for(lambda: len(harness.seen()) > 2000)
    kafka.kill() if how == "kill" else kafka.stop()
    time.sleep(AWAY_SECONDS)
    lines = len(harness.log().splitlines())
    kafka.start()
    began, before = time.monotonic(), len(harness.sink())
    harness.wait_for(lambda: len(harness.sink()) > before)
    recovery = time.monotonic() - began
    figure(f"away {AWAY_SECONDS:g} s: writes again after {recovery:.1f} s, {lines} lines logged meanwhile")
    harness.wait_for_all(sent, 60)
    harness.wait_for(lambda: harness.lag() == 0, 20)
    assert worker.poll() is None, "it did not need a restart"
    assert harness.stop(worker) == 0
    assert set(harness.readable(topics.friend_activity)) == sent, "what flushes published is all there"
    assert recovery < RECOVERY_SECONDS
    assert lines < MOST_LINES


def test_a_stop_while_kafka_is_away(harness: Harness, kafka: Broker, figure: Callable[[str], None]) -> None:
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(6000)))
    worker = harness.start(flush_seconds=0.3, environment={"HUBSTAT_INGEST__STOP_DEADLINE_SECONDS": "6"})
    harness.wait_for(lambda: len(harness.seen()) > 1000)
    kafka.kill()
    time.sleep(1.0)
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    code = worker.wait(15)
    took = time.monotonic() - began
    figure(f"deadline 6 s: ended after {took:.1f} s with exit code {code}")
    assert took < 7.5
    assert len(harness.log().splitlines()) < MOST_LINES
    kafka.start()
    worker = harness.start()
    harness.wait_for_all(sent)
    harness.wait_for(lambda: harness.lag() == 0, 20)
    assert harness.stop(worker) == 0


def test_kafka_goes_between_the_check_and_the_start(tmp_path: Path, figure: Callable[[str], None]) -> None:
    began = time.monotonic()
    with Harness("127.0.0.1:1", tmp_path) as harness:
        code = harness.start(unchecked_topics=True).wait(30)
    figure(f"exit code {code} after {time.monotonic() - began:.1f} s")
    assert code == 1


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        Harness(f"127.0.0.1:{mute.getsockname()[1]}", tmp_path) as harness,
    ):
        began = time.monotonic()
        assert harness.start().wait(30) == EngineError.exit_code
        assert time.monotonic() - began < 20
        assert harness.log().startswith(f"error: Kafka at {harness.bootstrap} does not answer")
        assert len(harness.log().splitlines()) == 1


@pytest.fixture
def bare(kafka: Broker, tmp_path: Path) -> Iterator[Harness]:
    """A harness without topics."""
    kafka.ensure_running()
    with Harness(kafka.bootstrap, tmp_path) as harness:
        yield harness


def test_a_compacted_topic_and_a_kill(bare: Harness, figure: Callable[[str], None]) -> None:
    """Most offsets are gaps, of records that are no longer there."""
    harness = bare
    configs = {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "compact",
        "segment.ms": "500",
        "min.cleanable.dirty.ratio": "0.001",
    }
    topic = harness.topics.invoice_events
    asyncio.run(harness.make_topic(topic, 4, configs))
    asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
    sent: set[str] = set()
    for burst in range(6):
        sent |= asyncio.run(produce(harness, topic, range(burst * 1600, (burst + 1) * 1600)))
        time.sleep(0.6)
    harness.wait_for(lambda: len(harness.readable()) < len(sent) / 2)
    worker = harness.start(flush_seconds=0.4, environment={"HUBSTAT_INGEST__CHUNK_RECORDS": "100"})
    harness.wait_for(lambda: len(harness.sink()) > 300)
    harness.stop(worker, signal.SIGKILL)
    worker = harness.start(environment={"HUBSTAT_INGEST__CHUNK_RECORDS": "100"})
    left = set(harness.readable())
    figure(f"{len(sent)} records, {len(left)} left by the compaction")
    harness.wait_for_all(left)
    harness.wait_for(lambda: harness.lag() == 0, 20)
    assert harness.stop(worker) == 0


def test_topics_unknown_at_the_assignment_are_read_once_known(bare: Harness, figure: Callable[[str], None]) -> None:
    """As by a broker that has just started and answers before it has loaded its topics: all assignments are empty."""
    harness = bare
    worker = harness.start(unchecked_topics=True)
    harness.wait_for(lambda: "No partition metadata" in harness.log())
    asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
    began = time.monotonic()
    harness.wait_for_all(asyncio.run(produce(harness, harness.topics.invoice_events, range(1000))))
    took = time.monotonic() - began
    figure(f"read {took:.1f} s after the topics were there")
    assert took < RECOVERY_SECONDS
    assert harness.stop(worker) == 0


async def _transactions(harness: Harness, until: float, chance: random.Random) -> None:
    """Transactions of 40 records until that moment, a quarter of them aborted, whatever becomes of Kafka meanwhile."""
    number = 0
    while time.monotonic() < until:
        producer = AIOKafkaProducer(
            bootstrap_servers=harness.bootstrap, transactional_id=harness.namespace, request_timeout_ms=5000
        )
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(20):
                await producer.start()
                while time.monotonic() < until:
                    number += 1
                    await producer.begin_transaction()
                    aborted = chance.random() < 0.25
                    for n in range(40):
                        value = f"{'aborted' if aborted else 'tx'}{number}-{n}"
                        await producer.send(harness.topics.invoice_events, value.encode(), key=f"k{n}".encode())
                    await (producer.abort_transaction() if aborted else producer.commit_transaction())
        try:
            await asyncio.wait_for(producer.stop(), 5)
        except (KafkaError, TimeoutError):
            with suppress(KafkaError, OSError):
                await asyncio.wait_for(producer.client.close(), 5)
        await asyncio.sleep(0.2)


async def _end_transaction(harness: Harness) -> None:
    """Have Kafka abort what a sender left open when Kafka was killed: else nobody reads past it for a minute."""
    producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, transactional_id=harness.namespace)
    async with asyncio.timeout(60):
        await producer.start()
        await producer.stop()


@pytest.mark.parametrize("static", [True, False], ids=["static", "dynamic"])
def test_fuzz(harness: Harness, kafka: Broker, static: bool, figure: Callable[[str], None]) -> None:
    """Workers killed, stopped, frozen past their session and started again, and Kafka killed twice, while transactions
    come and go; then the sink against an independent reader of what was committed.
    """
    chance = random.Random(FUZZ_SEED)
    environment = {
        "HUBSTAT_INGEST__STATIC_MEMBERSHIP": str(static),
        "HUBSTAT_INGEST__STUCK_SECONDS": str(STUCK_SECONDS),
    }
    ended = 0
    began = time.monotonic()
    deadline = began + FUZZ_SECONDS
    kills = [began + FUZZ_SECONDS * share for share in (0.3, 0.6)]
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(lambda: asyncio.run(_transactions(harness, deadline, random.Random(FUZZ_SEED + 1))))
        workers = {number: harness.start(number, environment, flush_seconds=0.1) for number in (1, 2, 3)}
        while kills or not sending.done():
            time.sleep(chance.uniform(0.5, 2.5))
            if kills and time.monotonic() > kills[0]:
                kills.pop(0)
                kafka.kill()
                time.sleep(chance.uniform(0.5, 2.0))
                kafka.start()
            number = chance.choice(list(workers))
            what = chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
            workers[number].send_signal(what)
            if what == signal.SIGSTOP:
                time.sleep(chance.choice([1, 8]))
                workers[number].send_signal(signal.SIGCONT)
            for each, worker in workers.items():
                if each == number and what != signal.SIGSTOP:
                    worker.wait(40)
                if worker.poll() is not None:
                    workers[each] = harness.start(each, environment, flush_seconds=0.1)
        sending.result()
    asyncio.run(_end_transaction(harness))
    committed = set(harness.readable())

    def all_written() -> bool:
        """Whether they are; starts again who has ended itself meanwhile, as a supervisor does."""
        nonlocal ended
        for each, worker in workers.items():
            if worker.poll() is not None:
                ended += 1
                workers[each] = harness.start(each, environment, flush_seconds=0.1)
        return committed <= set(harness.seen())

    # Kafka back, dead members waited for, several assignments, and once a guard: far less as a rule.
    harness.wait_for(all_written, 150)
    harness.wait_for(lambda: all_written() and harness.lag() == 0, 30)
    seen = harness.seen()
    repeated = seen.total() / len(committed) - 1
    figure(
        f"{len(committed)} committed records, 0 lost, {100 * repeated:.1f} % written again; "
        f"{ended} workers ended themselves after the last of these blows"
    )
    assert set(seen) == committed
    assert any(value.startswith("tx") for value in committed)
    assert not any(value.startswith("aborted") for value in seen)
