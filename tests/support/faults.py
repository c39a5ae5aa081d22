"""Faults for ingest on real engines, and what has to hold after each: the audit finds nothing.

- ``OwnEngines``: an embedded pair that a test may kill,
- ``Trial``: a namespace with a simulated day, real workers, and the audit.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ingestion import Ingestion
from proxy import Proxy

from aggregations.reader import Reader
from hubstat import engines
from hubstat.audit import Account, Auditor, Result
from hubstat.domain import time as tm
from hubstat.elastic import hubs
from hubstat.elastic.client import connect
from hubstat.elastic.store import Store
from hubstat.engines import EngineAddresses
from hubstat.engines.runfile import read_run
from hubstat.engines.server import EngineName
from hubstat.settings import ElasticsearchSettings, EngineSettings, KafkaSettings, Settings
from hubstat.simulator import NetworkSpec, Options, Record, build_network, simulate_day
from ingest.progress import backlog
from ingest.sources.sender import Sender

INVOICES = int(os.environ.get("HUBSTAT_TEST_FAULT_INVOICES", "300"))
FULL = os.environ.get("HUBSTAT_TEST_FAULT_FULL") == "1"
SEED = int(os.environ.get("HUBSTAT_TEST_FAULT_SEED", "1"))
# Small batches, so that a fault always finds work under way.
CHUNK = max(40, INVOICES // 10)
PARTITIONS = 4
SERVICE_DATE = date(2026, 11, 18)
ZONE = tm.zone("KR")


@dataclass
class OwnEngines:
    """An embedded pair of the test's own, on ports that stay."""

    settings: Settings
    addresses: EngineAddresses

    def kill(self, name: EngineName) -> None:
        """``kill -9`` for the engine and everything it started."""
        running = read_run(self.settings.engines.data_dir).running[name]
        os.killpg(running.engine.pid, signal.SIGKILL)
        while running.supervisor.alive():
            time.sleep(0.05)

    def stop(self, name: EngineName) -> None:
        """Stop one engine in order."""
        engines.embedded.stop(self.settings.engines, [name], engines.console_reporter())

    def start(self) -> None:
        """Start what does not run; return once it answers."""
        again = engines.ensure(self.settings, engines.console_reporter())
        assert (again.elasticsearch_url, again.kafka_bootstrap) == (
            self.addresses.elasticsearch_url,
            self.addresses.kafka_bootstrap,
        )


@contextmanager
def own_engines(folder: Path | None = None, **values: Any) -> Iterator[OwnEngines]:
    """A pair below ``folder`` (else a temporary one), gone at the end; more engine settings by name."""
    made = Path(tempfile.mkdtemp(prefix="hubstat-faults-")) if folder is None else folder
    made.chmod(0o755)
    options = {"elasticsearch_heap_mb": 512, "kafka_heap_mb": 256, "data_dir": made / "engines"} | values
    settings = Settings(
        engines=EngineSettings(choice="embedded", **options),
        elasticsearch=ElasticsearchSettings(),
        kafka=KafkaSettings(),
    )
    try:
        yield OwnEngines(settings, engines.ensure(settings, engines.console_reporter()))
    finally:
        engines.stop(settings)
        if folder is None:
            shutil.rmtree(made)


@dataclass(frozen=True)
class Day:
    """The records of a simulated day in the order of their receipt, and its network."""

    spec: NetworkSpec
    records: list[Record]
    date: date = SERVICE_DATE

    @cached_property
    def distinct(self) -> Counter[str]:
        """How many different records there are of each kind."""
        return Counter(kind for kind, _ in {(record.kind, record.value) for record in self.records})


def simulated(invoices: int = INVOICES, seed: int = SEED, day: date = SERVICE_DATE, **chances: float) -> Day:
    """A day of so many invoices; chances as of ``Options``."""
    spec = build_network(invoices, seed, "KR")
    return Day(spec, list(simulate_day(spec, day, seed, Options(**chances))), day)


@dataclass
class Trial(Ingestion):
    """An ingestion of a simulated day. ``trusted``: whether workers and audit honour received-at headers."""

    proxy: Proxy = field(kw_only=True)
    trusted: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def work(self, worker_id: str = "1", **ingest: Any) -> Any:
        """Start a worker with this trial's options."""
        return self.start(worker_id, **{"trust_received_at": str(self.trusted).lower(), **self.options, **ingest})

    async def begin(self, day: Day) -> None:
        """Templates, topics and the master data of a day."""
        await self.prepare()
        await asyncio.to_thread(
            hubs.install, self.client, self.settings.namespace, day.spec.master_data(), self.settings.country
        )

    async def feed(self, records: Sequence[Record]) -> None:
        """Send records with their received times."""
        async with Sender(self.settings, self.bootstrap) as sender:
            await sender.send_all(records)

    def forget(self, worker_id: str) -> None:
        """Remove what a worker has reported."""
        self.client.delete(index=self.names.ingest_status, id=worker_id, refresh=True)

    async def drip(self, records: Sequence[Record], enough: asyncio.Event) -> None:
        """Send a few records now and then, and what is left at once when it is enough."""
        async with Sender(self.settings, self.bootstrap) as sender:
            for part in spread(records, 300):
                await sender.send_all(part)
                with suppress(TimeoutError):
                    await asyncio.wait_for(enough.wait(), 0.4)

    async def unwritten(self) -> int:
        """How many records the workers have yet to commit."""
        async with backlog(self.settings, self.bootstrap) as left:
            return await left()

    def log(self, worker_id: str = "1") -> str:
        """What the workers of an id have logged."""
        return (self.settings.state_dir / f"worker-{worker_id}.log").read_text()

    def health(self, worker_id: str = "1") -> tuple[int, str]:
        """Status and body of a worker's own health endpoint."""
        told = json.loads((self.settings.namespace_dir / f"ingest-{worker_id}.json").read_text())
        connection = http.client.HTTPConnection(urlsplit(told["address"]).netloc, timeout=5)
        try:
            connection.request("GET", "/health")
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    async def until_busy(self, requests: int = 0) -> None:
        """Wait until a worker writes, from now on, and then for so many requests more."""
        proxy, bulks = self.proxy, self.proxy.bulks
        await self.until(lambda: proxy.bulks > bulks, "the worker writes")
        moment = proxy.requests + requests
        await self.until(lambda: proxy.requests >= moment, f"{requests} requests more")

    async def until(self, holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}\n{self._logs()[-3000:]}"
            await asyncio.sleep(0.01)

    async def audit(self, day: Day, as_of: int | None = None, known_at: int | None = None) -> Result:
        """The audit of a day once everything is written: at its closing and all known, unless stated (ms)."""
        try:
            await self.settled()
        except Exception as error:
            raise AssertionError(f"{error}\n{self._logs()[-3000:]}") from error
        ingest = self.settings.ingest.model_copy(update={"trust_received_at": self.trusted})
        settings = self.settings.model_copy(update={"ingest": ingest})
        everything = tm.day_start(day.date, ZONE) + 30 * tm.DAY if self.trusted else time.time_ns() // 1_000_000
        addresses = EngineAddresses(self.settings.elasticsearch.url or "", self.bootstrap, "settings")

        def run() -> Result:
            with connect(settings.elasticsearch, addresses.elasticsearch_url) as client:
                reader = Reader(Store(client, settings.namespace), settings.country, lambda: everything)
                auditor = Auditor(settings, addresses, reader, lambda what, count: None)
                return asyncio.run(auditor.run(day.date, as_of, known_at))

        return await asyncio.to_thread(run)

    async def assert_sound(self, day: Day, letters: Counter[str] | None = None) -> Result:
        """Nothing differs, and every record is stored, a repetition or a dead letter: as many as the day says.

        letters: records of each kind that must be refused, beside the day's.
        """
        result = await self.audit(day)
        for kind, account in (("invoice", result.invoice_events), ("friend", result.friend_events)):
            letters_kept = [f"{each.id} {each.reason}: {each.detail}" for each in self.letters()]
            assert account.clean, f"{kind}: {(account.lost[:5], account.extra[:5], account.twins[:5])} {letters_kept}"
            assert account.stored == day.distinct[kind]
            assert account.refused == (letters or Counter())[kind]
            assert account.records == account.stored + account.repeated + account.refused + account.derived
        assert result.differences == [], result.differences[:10]
        assert result.cells > 1000
        return result

    async def close(self) -> None:
        """As the ingestion's; what workers logged stays readable."""
        for name in ("invoices", "friends"):
            with suppress(Exception):
                await asyncio.to_thread(
                    self.client.indices.put_settings,
                    index=f"{self.settings.namespace}-{name}-*",
                    settings={"index.blocks.read_only_allow_delete": None},
                )
        await super().close()

    def _logs(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in sorted(self.settings.state_dir.glob("worker-*.log")))


@asynccontextmanager
async def a_trial(addresses: EngineAddresses, namespace: str, folder: Path) -> AsyncIterator[Trial]:
    """A trial on these engines, with a state folder below ``folder`` and every request of a worker a little slow."""
    base = Settings()
    kafka = {"bootstrap_servers": addresses.kafka_bootstrap, "partitions": PARTITIONS}
    settings = base.model_copy(
        update={
            "namespace": namespace,
            "state_dir": folder / "state",
            "elasticsearch": base.elasticsearch.model_copy(update={"url": addresses.elasticsearch_url}),
            "kafka": base.kafka.model_copy(update=kafka),
        }
    )
    with Proxy(addresses.elasticsearch_url, delay=0.02) as proxy:
        trial = Trial(settings, proxy.url, proxy=proxy, options={"chunk_records": CHUNK})
        try:
            yield trial
        finally:
            await trial.close()


def accounted(account: Account) -> str:
    """An account in one line, to print."""
    return (
        f"{account.records} records = {account.stored} stored + {account.repeated} repeated + "
        f"{account.refused} dead letters + {account.derived} derived"
    )


def told(name: str, result: Result) -> str:
    """A result in one line, to print."""
    return f"{name}: {accounted(result.invoice_events)}; {result.cells} cells, {len(result.differences)} differing"


def spread(records: Iterable[Record], parts: int) -> list[list[Record]]:
    """Records in so many consecutive parts."""
    whole = list(records)
    size = -(-len(whole) // parts)
    return [whole[start : start + size] for start in range(0, len(whole), size)]
