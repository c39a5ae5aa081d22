"""Where benchmarks run: engines of their own, namespaces on them, and ingest workers of these namespaces."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from hubstat import engines
from hubstat.bench.load import invoices_only
from hubstat.bench.machine import Watch
from hubstat.bench.raw import Connection, counted
from hubstat.elastic import indices
from hubstat.elastic.client import connect
from hubstat.elastic.names import Names
from hubstat.engines.supervisor import bound_to_parent
from hubstat.errors import EngineError
from hubstat.settings import ElasticsearchSettings, KafkaSettings, Settings
from hubstat.simulator import Record
from ingest.progress import backlog, wait_until_ingested
from ingest.sources.sender import Sender
from ingest.topics import ensure_topics

Say = Callable[[str], None]
# whole: the worker of `hubstat ingest`. invoices: its invoice documents alone, what it would publish is dropped.
Kind = Literal["whole", "invoices"]
INVOICES: Final = "invoices"
FRIENDS: Final = "friends"
_STALL_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
OLD_SECONDS: Final = 16.0
# A worker stands still while its records are loaded and others are measured; it must not lose its partitions.
_SESSION_SECONDS: Final = 900


@dataclass(slots=True)
class Site:
    """Engines that run, and a folder for files. pids: of the engines, by name; ingests: all that were created on it."""

    settings: Settings
    url: str
    bootstrap: str
    folder: Path
    pids: dict[str, int]
    say: Say
    peers: Path | None = None
    ingests: list[Ingest] = field(default_factory=list)

    def settings_of(self, namespace: str, **ingest: Any) -> Settings:
        """Settings of a namespace, with some of ingest's."""
        more = self.settings.ingest.model_copy(update={"trust_received_at": True, **ingest})
        return self.settings.model_copy(update={"namespace": namespace, "ingest": more})

    @contextmanager
    def only(self, measured: Ingest | None = None) -> Iterator[None]:
        """All workers but those of ``measured`` stand still, so that they take nothing from what is measured."""
        for ingest in self.ingests:
            if ingest is not measured:
                ingest.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for ingest in self.ingests:
                if not ingest.loaded:
                    ingest.signal(signal.SIGCONT)


@contextmanager
def site(settings: Settings, say: Say, peers: Path | None = None) -> Iterator[Site]:
    """Start an Elasticsearch and a Kafka for benchmarks alone; their data go with them.

    ``peers``: folder of the peers' programs. Raises EngineError where an engine cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="hubstat-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the engines may run as another user
        own = settings.engines.model_copy(
            update={
                "choice": "embedded",
                "data_dir": folder / "engines",
                "elasticsearch_port": None,
                "kafka_port": None,
            }
        )
        # Of the settings of the user's own engines only what is no matter of access.
        elastic = ElasticsearchSettings(
            shards=settings.elasticsearch.shards, refresh_seconds=settings.elasticsearch.refresh_seconds
        )
        kafka = KafkaSettings(partitions=settings.kafka.partitions)
        chosen = settings.model_copy(
            update={"engines": own, "elasticsearch": elastic, "kafka": kafka, "state_dir": folder / "state"}
        )
        found = engines.ensure(chosen, engines.console_reporter())
        try:
            pids = {str(row.name): row.pid for row in engines.status(chosen) if row.pid is not None}
            addressed = chosen.model_copy(
                update={
                    "elasticsearch": elastic.model_copy(update={"url": found.elasticsearch_url}),
                    "kafka": kafka.model_copy(update={"bootstrap_servers": found.kafka_bootstrap}),
                }
            )
            yield Site(addressed, found.elasticsearch_url, found.kafka_bootstrap, folder, pids, say, peers)
        finally:
            engines.stop(chosen, engines.console_reporter())


@dataclass(frozen=True, slots=True)
class Stub:
    """A running stand-in for Elasticsearch."""

    url: str
    pid: int


@contextmanager
def stubbed() -> Iterator[Stub]:
    """Start a stand-in for Elasticsearch, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hubstat.bench.stub"], stdout=subprocess.PIPE, preexec_fn=bound_to_parent()
    )
    try:
        line = process.stdout.readline() if process.stdout is not None else b""
        if not line.strip().isdigit():
            raise EngineError("the stand-in for Elasticsearch did not start")
        yield Stub(f"http://127.0.0.1:{int(line)}", process.pid)
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Run:
    """One measured stretch of ingest. seconds, cpu (µs an event by process): until the last document was written;
    invoice_seconds: until the last invoice document; documents: invoice documents written; rss: the worker's peak,
    bytes.
    """

    events: int
    seconds: float
    invoice_seconds: float
    documents: int
    cpu: Mapping[str, float]
    rss: int

    @property
    def rate(self) -> float:
        """Invoice events a second, until the last document of any kind."""
        return self.events / self.seconds


@dataclass(slots=True)
class Ingest:
    """One namespace and its workers. others: processes watched beside them, by name; loaded: records were loaded that
    are yet to be measured, until when the workers stand still."""

    site: Site
    kind: Kind
    settings: Settings
    others: dict[str, int]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    loaded: bool = False

    @classmethod
    def create(cls, site: Site, kind: Kind, workers: int = 1, stub: Stub | None = None, **ingest: Any) -> Ingest:
        """A fresh namespace with running workers. ``ingest``: its settings by name."""
        settings = site.settings_of(
            f"b{secrets.token_hex(4)}",
            **{"session_timeout_seconds": _SESSION_SECONDS, "stuck_seconds": _SESSION_SECONDS, **ingest},
        )
        others = dict(site.pids)
        if stub is None:
            with connect(settings.elasticsearch, site.url) as client:
                indices.ensure(client, settings)
        else:
            elastic = settings.elasticsearch.model_copy(update={"url": stub.url})
            settings = settings.model_copy(update={"elasticsearch": elastic})
            others |= {"stub": stub.pid}
        made = cls(site, kind, settings, others)
        site.ingests.append(made)
        asyncio.run(ensure_topics(settings, site.bootstrap))
        for number in range(workers):
            made.start(str(number + 1))
        made._wait()
        return made

    def restart(self, kind: Kind, **ingest: Any) -> None:
        """Go on with one worker of another kind, or with other settings; its cache starts empty."""
        self.stop()
        self.kind = kind
        own = self.settings.ingest.model_copy(update=ingest)
        self.settings = self.settings.model_copy(update={"ingest": own})
        self.start("1")

    def start(self, worker_id: str) -> None:
        """Start one more worker."""
        own = self.settings.ingest.model_dump()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HUBSTAT_")} | {
            "HUBSTAT_NAMESPACE": self.settings.namespace,
            "HUBSTAT_STATE_DIR": str(self.settings.state_dir),
            "HUBSTAT_ELASTICSEARCH__URL": str(self.settings.elasticsearch.url),
            "HUBSTAT_ELASTICSEARCH__REFRESH_SECONDS": str(self.settings.elasticsearch.refresh_seconds),
            "HUBSTAT_KAFKA__BOOTSTRAP_SERVERS": self.site.bootstrap,
            "HUBSTAT_KAFKA__PARTITIONS": str(self.settings.kafka.partitions),
            **{f"HUBSTAT_INGEST__{key.upper()}": str(value) for key, value in own.items() if value is not None},
            "HUBSTAT_INGEST__WORKER_ID": worker_id,
        }
        folder = self.settings.namespace_dir
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"worker-{worker_id}.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "hubstat.bench.worker", self.kind],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=bound_to_parent(),
            )
        self.workers.append(worker)

    def stop(self) -> None:
        """End the workers, the quick way where they do not stop in time."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.terminate()
        for worker in self.workers:
            try:
                worker.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
        self.workers.clear()
        self.loaded = False

    def close(self) -> None:
        """End the workers and remove everything the namespace keeps in Elasticsearch."""
        self.stop()
        namespace = self.settings.namespace
        connection = Connection(self.site.url)
        found = connection.ask("GET", f"/{namespace}-*/_settings?filter_path=*.settings.index.uuid")
        for index in found:
            connection.send("DELETE", f"/{index}")
        connection.send("DELETE", f"/_index_template/{namespace}-*")
        connection.close()

    def load(self, records: Sequence[Record]) -> None:
        """Send records that :meth:`measure` then measures; until then the workers stand still."""
        self.loaded = True
        self.signal(signal.SIGSTOP)
        self.send(records)

    def send(self, records: Sequence[Record]) -> None:
        """Send records; only invoice events where nothing else is written."""
        chosen = list(records) if self.kind == "whole" else invoices_only(list(records))

        async def send() -> None:
            async with Sender(self.settings, self.site.bootstrap) as sender:
                await sender.send_all(chosen)

        asyncio.run(send())

    def settle(self) -> None:
        """Wait until all of it is written. Raises EngineError where a worker has ended or does not move."""
        asyncio.run(wait_until_ingested(self.settings, self.site.bootstrap, self._alive, _STALL_SECONDS))

    def measure(self, records: Sequence[Record]) -> Run:
        """Let the workers write the records that were loaded, and measure that; all others stand still meanwhile."""
        with self.site.only(self), self.watch() as watch:
            self.loaded = False
            self.signal(signal.SIGCONT)
            self.settle()
        events = sum(record.kind == "invoice" for record in records)
        all_of_it, invoices = watch.used(INVOICES, FRIENDS), watch.used(INVOICES)
        of_events = {name: used * 1e6 / events for name, used in all_of_it.cpu.items()}
        workers = [name for name in of_events if name.startswith("worker")]
        cpu = {"worker": sum(of_events[name] for name in workers)} | {
            name: used for name, used in of_events.items() if name not in workers
        }
        written = watch.samples[-1].counts[INVOICES] - watch.samples[0].counts[INVOICES]
        rss = sum(watch.peak(name) for name in workers)
        return Run(events, all_of_it.seconds, invoices.seconds, written, cpu, rss)

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """A look at the workers, the engines, and the documents written."""
        names = Names(self.settings.namespace)
        patterns = {INVOICES: names.all_invoices, FRIENDS: names.friends("*")}
        workers = {f"worker {number}": worker.pid for number, worker in enumerate(self.workers, 1)}
        with watched(str(self.settings.elasticsearch.url), {**workers, **self.others}, patterns) as watch:
            yield watch

    def warm(self, records: Sequence[Record]) -> None:
        """Have records written, unmeasured."""
        self.send(records)
        self.settle()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the workers that run."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(number)

    def _wait(self) -> None:
        """A Kafka that has just started has nobody yet who keeps the groups."""
        deadline = time.monotonic() + _STALL_SECONDS

        async def ask() -> int:
            async with backlog(self.settings, self.site.bootstrap) as left:
                return await left()

        while True:
            try:
                asyncio.run(ask())
                return
            except EngineError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)

    def _alive(self, left: int) -> None:
        for number, worker in enumerate(self.workers, 1):
            if worker.poll() is not None:
                log = self.settings.namespace_dir / f"worker-{number}.log"
                words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise EngineError(f"an ingest worker of a benchmark ended with {worker.returncode}: {words[0]}")


@contextmanager
def watched(url: str, processes: Mapping[str, int], patterns: dict[str, str]) -> Iterator[Watch]:
    """A look at processes, and at the documents written to indices of these patterns."""
    connection = Connection(url)
    try:
        with Watch(processes, lambda: counted(connection, patterns)) as watch:
            yield watch
    finally:
        connection.close()


def pause() -> None:
    """Let merges and garbage of what ran before pass."""
    time.sleep(1.0)


def age(seconds: float) -> None:
    """Let records that were just loaded become as old as those of an outage.

    What is new is written at once; what has waited for long is written in larger flushes.
    """
    time.sleep(seconds)
