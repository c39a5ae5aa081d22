"""What reading costs: the chunked transport against Faust as it ships, on one Kafka, taking turns.

Part of ``make bench``. Prints text on standard error and one JSON document on standard output (or ``--json FILE``).
``--memory RECORDS`` also watches the memory of a worker over that many records of 100 bytes. Kafka is that of
HUBSTAT_KAFKA__BOOTSTRAP_SERVERS, else the embedded engines are started and stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from hubstat import engines
from hubstat.settings import Settings
from ingest.topics import Topics, ensure_topics

PEER = Path(__file__).with_name("transport_peer.py")
PARTITIONS = 8
BATCH = 2000
SMALL_BYTES = 100
RECORD_BYTES = 318
LEAST_RATIO = 5.0
"""The chunked transport hands over at least so many times the records a second that Faust does."""


def main() -> int:
    """Run all parts; exit code 1 where the least ratio is missed."""
    options = _options()
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    with _kafka() as bootstrap, tempfile.TemporaryDirectory() as folder:
        bench = _Bench(bootstrap, folder)
        result = {"versions": _versions(), **bench.throughput(options.records, options.stock_records, options.pairs)}
        result["flush_30_ms"] = bench.slow_flushes(options.records)
        if options.live_seconds:
            result["live"] = bench.live(options.live_seconds)
        if options.memory:
            result["memory"] = bench.memory(options.memory)
    text = json.dumps(result, indent=1)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")
    return 0 if result["ratio"]["median"] >= LEAST_RATIO else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=300_000, help="records a run of ours")
    parser.add_argument("--stock-records", type=int, default=40_000, help="records a run of stock Faust")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each, taking turns")
    parser.add_argument("--live-seconds", type=int, default=10, help="length of the run at 1,000 records/s; 0: none")
    parser.add_argument("--memory", type=int, default=0, help="records of the memory run; 0: none")
    parser.add_argument("--json", type=Path, help="file for the result")
    return parser.parse_args()


@contextmanager
def _kafka() -> Iterator[str]:
    base = Settings()
    if base.kafka.bootstrap_servers:
        yield base.kafka.bootstrap_servers
        return
    found = engines.ensure(base, engines.console_reporter())
    try:
        yield found.kafka_bootstrap
    finally:
        if found.started:
            engines.stop(base)


class _Bench:
    """The parts, over topics of a namespace of its own."""

    def __init__(self, bootstrap: str, folder: str) -> None:
        self._bootstrap = bootstrap
        self._folder = folder
        self._runs = 0

    def throughput(self, records: int, stock_records: int, pairs: int) -> dict[str, Any]:
        """Nothing done in a flush; ours and stock in turn, one unmeasured run of each first."""
        namespace = self._namespace(records, RECORD_BYTES)
        runs: dict[str, list[dict[str, Any]]] = {"ours": [], "stock": []}
        for _ in range(pairs + 1):
            for peer, count in (("ours", records), ("stock", stock_records)):
                runs[peer].append(self._run(peer, namespace, records=count))
        result: dict[str, Any] = {"records": records, "stock_records": stock_records, "record_bytes": RECORD_BYTES}
        for peer, found in runs.items():
            result[peer] = {name: _spread([run[name] for run in found[1:]]) for name in ("per_second", "cpu_us")}
            rate, cpu = (result[peer][name]["median"] for name in ("per_second", "cpu_us"))
            _say(f"{peer:<6} {rate:>10,.0f} records/s {cpu:>8.1f} µs of CPU a record")
        ratios = [a["per_second"] / b["per_second"] for a, b in zip(runs["ours"], runs["stock"], strict=True)]
        result["ratio"] = _spread(ratios[1:])
        _say(f"ratio  {result['ratio']['median']:>10.1f}  ({min(ratios[1:]):.1f} to {max(ratios[1:]):.1f})")
        return result

    def slow_flushes(self, records: int) -> dict[str, Any]:
        """A flush of 2,000 takes 30 ms, with one lane and with two."""
        namespace = self._namespace(records, RECORD_BYTES)
        result = {}
        for lanes in (1, 2):
            run = self._run("ours", namespace, records=records, flush_seconds=0.03, lanes=lanes)
            result[f"lanes_{lanes}"] = {"per_second": run["per_second"], "cpu_us": run["cpu_us"]}
            _say(f"flushes of 30 ms, {lanes} lane(s): {run['per_second']:,.0f} records/s")
        return result

    def live(self, seconds: int) -> dict[str, Any]:
        """1,000 records a second: CPU, and the time from the broker to the flush."""
        namespace = self._namespace(0, RECORD_BYTES)
        warm_up = 8000
        worker = self._start("ours", namespace, records=1000 * seconds, latency=True, warm_up=warm_up)
        time.sleep(2.0)
        count = 1000 * seconds + warm_up + 2 * BATCH
        asyncio.run(_produce(self._bootstrap, namespace, count, RECORD_BYTES, rate=1000))
        run = _ended(worker)
        kept = {name: run[name] for name in ("per_second", "cpu_share", "p50_ms", "p99_ms")}
        _say(f"1,000 records/s: {100 * kept['cpu_share']:.0f} % CPU, {kept['p50_ms']:.0f} / {kept['p99_ms']:.0f} ms")
        return kept

    def memory(self, records: int) -> dict[str, Any]:
        """Resident memory over a long run, looked at twenty times."""
        namespace = self._namespace(records, SMALL_BYTES)
        run = self._run("ours", namespace, records=records, memory_every=records // 20)
        found: list[float] = run["memory_mb"]
        result = {
            "records": records,
            "record_bytes": SMALL_BYTES,
            "memory_mb": found,
            "growth_mb": statistics.mean(found[-5:]) - statistics.mean(found[1:6]),
            "per_second": run["per_second"],
        }
        _say(f"{records:,} records: {found[0]:.0f} to {found[-1]:.0f} MiB, growth {result['growth_mb']:+.1f} MiB")
        return result

    def _namespace(self, records: int, size: int) -> str:
        namespace = f"b{uuid.uuid4().hex[:10]}"
        settings = Settings(namespace=namespace, kafka=Settings().kafka.model_copy(update={"partitions": PARTITIONS}))
        asyncio.run(ensure_topics(settings, self._bootstrap))
        asyncio.run(_produce(self._bootstrap, namespace, records, size))
        return namespace

    def _run(self, peer: str, namespace: str, **options: Any) -> dict[str, Any]:
        return _ended(self._start(peer, namespace, **options))

    def _start(self, peer: str, namespace: str, lanes: int = 2, **options: Any) -> subprocess.Popen[str]:
        self._runs += 1
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HUBSTAT_INGEST__")}
        settings = {
            "ingest": {"worker_id": str(self._runs), "static_membership": False, "lanes": lanes},
            "kafka": {"partitions": PARTITIONS},
        }
        options |= {"namespace": namespace, "bootstrap": self._bootstrap, "folder": self._folder, "batch": BATCH}
        options |= {"run": self._runs, "settings": settings}
        command = [sys.executable, str(PEER), peer, json.dumps(options)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _ended(worker: subprocess.Popen[str]) -> dict[str, Any]:
    try:
        out, errors = worker.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        worker.kill()
        out, errors = worker.communicate()
    if worker.returncode or not out:
        raise RuntimeError(f"a worker did not report:\n{errors[-2000:]}")
    report: dict[str, Any] = json.loads(out.splitlines()[-1])
    return report


async def _produce(bootstrap: str, namespace: str, records: int, size: int, rate: int = 0) -> None:
    """Records over many keys, all of one size; ``rate`` a second, 0: as fast as it goes."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, max_batch_size=250_000)
    await producer.start()
    topic, began, waiting = Topics.of(namespace).invoice_events, time.monotonic(), []
    try:
        for number in range(records):
            while rate and number > (time.monotonic() - began) * rate:
                await asyncio.sleep(0.01)
            key = b"k%d" % (number % 9973)
            waiting.append(await producer.send(topic, (b"%d" % number).ljust(size, b"."), key=key))
            if len(waiting) >= 50_000:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def _versions() -> dict[str, Any]:
    packages = ("faust-streaming", "aiokafka", "mode-streaming")
    return {"python": platform.python_version(), "cores": os.cpu_count(), **{name: version(name) for name in packages}}


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
