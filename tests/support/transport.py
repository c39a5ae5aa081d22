"""Workers of the transport tests as processes, the sink file that they share, and what Kafka holds."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic

from hubstat.settings import Settings
from ingest.topics import Topics

WORKER = Path(__file__).parent.parent / "integration" / "transport_worker.py"
PARTITIONS = 4
END = " ."
SESSION_SECONDS = float(os.environ.get("HUBSTAT_TEST_TRANSPORT_SESSION_SECONDS", "6"))
FLUSH_GAP_SECONDS = 0.05
EXPLAINED_CHARACTERS = 5_000
"""Of each worker's log where a test waited in vain."""


@dataclass(frozen=True)
class Written:
    """One record as a worker's flush has written it; ``at`` is in seconds of the machine's monotonic clock."""

    topic: str
    partition: int
    offset: int
    at: float
    worker: str
    value: str


@dataclass
class Harness:
    """One namespace on Kafka, the workers of its group and the sink file that they share.

    A context manager, which ends the workers.
    """

    bootstrap: str
    folder: Path
    namespace: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def topics(self) -> Topics:
        """The topics of its namespace."""
        return Topics.of(self.namespace)

    @property
    def settings(self) -> Settings:
        """Settings of its namespace."""
        return Settings(namespace=self.namespace, state_dir=self.folder, kafka={"partitions": PARTITIONS})  # type: ignore[arg-type]

    def start(
        self, worker_id: int = 1, environment: Mapping[str, str] | None = None, **plan: Any
    ) -> subprocess.Popen[bytes]:
        """Start a worker; for ``plan`` see ``transport_worker.py``, for ``environment`` the settings."""
        variables = os.environ | {
            "HUBSTAT_NAMESPACE": self.namespace,
            "HUBSTAT_STATE_DIR": str(self.folder),
            "HUBSTAT_KAFKA__PARTITIONS": str(PARTITIONS),
            "HUBSTAT_INGEST__WORKER_ID": str(worker_id),
            "HUBSTAT_INGEST__SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            **(environment or {}),
        }
        log = (self.folder / f"worker{worker_id}.log").open("ab")
        command = [sys.executable, str(WORKER), self.bootstrap, str(self.folder / "sink"), json.dumps(plan)]
        worker = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
        log.close()
        self.workers.append(worker)
        return worker

    def log(self, worker_id: int = 1) -> str:
        """What a worker has said."""
        return (self.folder / f"worker{worker_id}.log").read_text()

    def stop(self, worker: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
        """Stop a worker; its exit code."""
        worker.send_signal(how)
        return worker.wait(20)

    def close(self) -> None:
        """Kill the workers that still run."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait(10)

    def sink(self) -> list[Written]:
        """What was written, in order."""
        return [
            Written(topic, int(partition), int(offset), float(at), worker, value)
            for topic, partition, offset, at, worker, value in (
                line.split(" ") for line in self._lines() if not line.startswith("assigned")
            )
        ]

    def seen(self) -> Counter[str]:
        """How often each value was written."""
        return Counter(line.value for line in self.sink())

    def assignments(self, worker_id: int = 1) -> list[int]:
        """Number of partitions, of one kind of topics, of each assignment that a worker has noted."""
        found = (line.split(" ") for line in self._lines() if line.startswith("assigned"))
        return [int(count) for _, worker, count in found if worker == str(worker_id)]

    def _lines(self) -> list[str]:
        """Complete lines; one that is torn, by a kill or because it is being written, is no line yet."""
        path = self.folder / "sink"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.removesuffix(END) for line in lines if line.endswith(END)]

    def wait_for(self, condition: Callable[[], bool], seconds: float = 40.0) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s:\n{self._explain()}"
            time.sleep(FLUSH_GAP_SECONDS)

    def _explain(self) -> str:
        """The end of every worker's log."""
        logs = sorted(self.folder.glob("worker*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-EXPLAINED_CHARACTERS:]}" for log in logs)

    def wait_for_all(self, sent: Iterable[str], seconds: float = 40.0) -> None:
        """Wait until every value was written at least once."""
        wanted = set(sent)
        self.wait_for(lambda: wanted <= set(self.seen()), seconds)

    def stall(self, since: float, until: float) -> float:
        """Longest time, s, that a partition of a steady stream was not written, of the span given (monotonic)."""
        times: dict[int, list[float]] = defaultdict(lambda: [since])
        for line in self.sink():
            if since <= line.at <= until:
                times[line.partition].append(line.at)
        assert len(times) == PARTITIONS, "the stream must reach every partition"
        return max(b - a for at in times.values() for a, b in zip(at, [*at[1:], until], strict=True))

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

    def readable(self, topic: str | None = None) -> Counter[str]:
        """Every value that a reader of committed transactions finds now, read apart from the group."""
        return asyncio.run(self._readable(topic or self.topics.invoice_events))

    async def _readable(self, topic: str) -> Counter[str]:
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
        )
        await consumer.start()
        found: Counter[str] = Counter()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    found.update(record.value.decode() for record in records)
        finally:
            await consumer.stop()
        return found

    async def make_topic(self, name: str, partitions: int, configs: dict[str, str]) -> None:
        """Create a topic otherwise than the product does."""
        async with _admin(self.bootstrap) as admin:
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])

    async def grow(self, name: str, partitions: int) -> None:
        """Add partitions to a topic."""
        async with _admin(self.bootstrap) as admin:
            await admin.create_partitions({name: NewPartitions(partitions)})


class _admin:  # noqa: N801
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def __aenter__(self) -> AIOKafkaAdminClient:
        self._client = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await self._client.start()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()


async def produce(
    harness: Harness,
    topic: str,
    values: Iterable[int],
    prefix: str = "e",
    size: int = 0,
    compression: str | None = None,
) -> set[str]:
    """Send ``{prefix}{number}``, filled up to ``size`` bytes, for each number, over many keys; the values sent."""
    producer = AIOKafkaProducer(
        bootstrap_servers=harness.bootstrap,
        acks="all",
        linger_ms=5,
        max_batch_size=250_000,
        compression_type=compression,
    )
    await producer.start()
    sent, waiting = [], []
    try:
        for n in values:
            value = f"{prefix}{n}".ljust(size, ".")
            sent.append(value)
            headers = [("n", b"%d" % n)]
            waiting.append(await producer.send(topic, value.encode(), key=f"k{n % 997}".encode(), headers=headers))
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
    return set(sent)


@contextmanager
def stream(harness: Harness, rate: int = 400) -> Iterator[set[str]]:
    """Send ``rate`` records a second to invoice-events until the block ends; the set is complete then."""
    sent: set[str] = set()
    over = threading.Event()
    failure: list[BaseException] = []

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, enable_idempotence=True, linger_ms=5)
        await producer.start()
        try:
            began, number, waiting = time.monotonic(), 0, []
            while not over.is_set():
                while number < (time.monotonic() - began) * rate:
                    value = f"s{number}"
                    key = f"k{number % 997}".encode()
                    waiting.append(await producer.send(harness.topics.invoice_events, value.encode(), key=key))
                    sent.add(value)
                    number += 1
                await asyncio.sleep(0.02)
            await asyncio.gather(*waiting)
        finally:
            await producer.stop()

    def run() -> None:
        try:
            asyncio.run(send())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield sent
    finally:
        over.set()
        thread.join(60)
        assert not thread.is_alive(), "the stream does not end"
        assert not failure, failure


class Memory:
    """Highest resident memory of a process, MiB, looked at ten times a second in the block."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = psutil.Process(process.pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0.0

    def now(self) -> float:
        """Resident memory at this moment, MiB."""
        return float(self._process.memory_info().rss) / 2**20

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.peak = max(self.peak, self.now())
