"""One worker of ``bench_transport.py``, as a process of its own: ``transport_peer.py PEER OPTIONS_JSON``.

PEER ``ours`` runs the product's worker with a sink that only counts; ``stock`` runs Faust as it ships: an agent over
``take()``. Both get the same bytes of the same topic. Reports one JSON line on standard output once ``records`` records
were handed over, then ends at once. ``flush_seconds`` is slept in each flush of up to ``batch`` records.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
import warnings
from typing import Any

from ingest.topics import Topics


class Meter:
    """Counts records; times and CPU begin with the first of them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._wanted: int = options["records"]
        self._warm_up: int = options.get("warm_up", 0)
        self._latencies: list[float] | None = [] if options.get("latency") else None
        self._memory_every: int = options.get("memory_every", 0)
        self._memory: list[float] = []
        self._count = 0
        self._began: tuple[float, float] | None = None

    def begin(self) -> None:
        """The first records are here."""
        if self._began is None:
            self._began = time.monotonic(), _cpu_seconds()

    def add(self, records: list[Any]) -> None:
        """These records are flushed; ends the process with the last of them. Of the warm-up nothing counts."""
        if self._warm_up > 0:
            self._warm_up -= len(records)
            self._began = time.monotonic(), _cpu_seconds()
            return
        if self._latencies is not None:
            now = time.time() * 1000
            self._latencies += [now - record.timestamp for record in records]
        before, self._count = self._count, self._count + len(records)
        if self._memory_every and before // self._memory_every != self._count // self._memory_every:
            self._memory.append(_resident_mb())
        if self._count >= self._wanted:
            self._report()

    def _report(self) -> None:
        assert self._began is not None
        seconds, cpu = time.monotonic() - self._began[0], _cpu_seconds() - self._began[1]
        report: dict[str, Any] = {
            "records": self._count,
            "seconds": seconds,
            "per_second": self._count / seconds,
            "cpu_us": 1e6 * cpu / self._count,
            "cpu_share": cpu / seconds,
            "resident_mb": _resident_mb(),
            "memory_mb": self._memory,
        }
        if self._latencies is not None:
            ordered = sorted(self._latencies)
            report |= {f"p{n}_ms": ordered[min(len(ordered) - 1, len(ordered) * n // 100)] for n in (50, 99)}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()
        os._exit(0)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20


class _Counting:
    """A flusher that sleeps and counts."""

    linger = 0.0

    def __init__(self, meter: Meter, options: dict[str, Any]) -> None:
        self.gather: int = options["batch"]
        self._meter = meter
        self._seconds: float = options.get("flush_seconds", 0.0)

    async def flush(self, records: list[Any]) -> None:
        """One flush."""
        self._meter.begin()
        if self._seconds:
            await asyncio.sleep(self._seconds)
        self._meter.add(records)

    async def assigned(self, partitions: set[Any]) -> None:
        """Nothing is kept between assignments."""


def run_ours(options: dict[str, Any], meter: Meter) -> None:
    """The product's worker."""
    from hubstat.settings import Settings
    from ingest.app import IngestApp, run_worker
    from ingest.lanes import Flushers

    settings = Settings(namespace=options["namespace"], state_dir=options["folder"], **options["settings"])
    sink = _Counting(meter, options)

    def flushers(app: IngestApp) -> Flushers:
        with warnings.catch_warnings(action="ignore"):
            app.conf.id = f"{options['namespace']}-ours-{options['run']}"  # a group of its own reads everything
        return Flushers(sink, sink)

    run_worker(settings, options["bootstrap"], flushers)


def run_stock(options: dict[str, Any], meter: Meter) -> None:
    """Faust as it ships."""
    import faust

    app = faust.App(
        f"{options['namespace']}-stock-{options['run']}",
        broker=f"kafka://{options['bootstrap']}",
        consumer_auto_offset_reset="earliest",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        web_enabled=False,
        store="memory://",
        datadir=options["folder"],
        worker_redirect_stdouts=False,
        value_serializer="raw",
        key_serializer="raw",
    )
    topic = app.topic(Topics.of(options["namespace"]).invoice_events, key_serializer="raw", value_serializer="raw")

    async def count(stream: Any) -> None:
        async for values in stream.take(options["batch"], within=0.1):
            meter.begin()
            if seconds := options.get("flush_seconds", 0.0):
                await asyncio.sleep(seconds)
            meter.add(values)

    app.agent(topic)(count)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = faust.Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()


def main() -> None:
    """Run one peer."""
    peer, options = sys.argv[1], json.loads(sys.argv[2])
    {"ours": run_ours, "stock": run_stock}[peer](options, Meter(options))


if __name__ == "__main__":
    main()
