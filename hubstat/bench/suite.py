"""The benchmarks by name, and one run over some of them."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubstat.bench import failover, history, machine, memory, scale, write
from hubstat.bench.place import OLD_SECONDS, Say, Site, site
from hubstat.bench.raw import Connection
from hubstat.bench.results import NotRun, Report
from hubstat.engines.artifacts import read_lock
from hubstat.errors import HubstatError
from hubstat.settings import Settings


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    events: invoice events of a run; rounds: measured runs of each program; age_seconds: of the records when they are
    read; live: documents of the full index; memory_events, cache_mb: events and cache of the memory's measurement;
    rows: DuckDB's raw rows.
    """

    events: int
    rounds: int
    age_seconds: float
    live: int
    memory_events: int
    cache_mb: int
    rows: int


FULL: Final = Sizes(100_000, 5, OLD_SECONDS, 1_000_000, 1_000_000, 64, 90_000_000)
QUICK: Final = Sizes(15_000, 2, 0.0, 50_000, 100_000, 8, 4_500_000)


def _write(place: Site, sizes: Sizes, report: Report) -> None:
    write.run(place, write.Size(sizes.events, sizes.rounds, sizes.live, sizes.age_seconds), report)


def _scale(place: Site, sizes: Sizes, report: Report) -> None:
    scale.run(place, sizes.events // 2, sizes.rounds, report)


def _memory(place: Site, sizes: Sizes, report: Report) -> None:
    memory.run(place, sizes.memory_events, sizes.cache_mb, report)


def _failover(place: Site, sizes: Sizes, report: Report) -> None:
    failover.run(place, max(1, sizes.rounds // 2), report)


def _history(place: Site, sizes: Sizes, report: Report) -> None:
    history.run(place, sizes.rows, sizes.rounds, report)


BENCHES: Final[dict[str, Callable[[Site, Sizes, Report], None]]] = {
    "write": _write,
    "scale": _scale,
    "history": _history,
    "failover": _failover,
    "memory": _memory,
}


def run(
    settings: Settings,
    names: Sequence[str],
    sizes: Sizes,
    say: Say,
    peers: Path | None = None,
    keep: Callable[[Report], object] = lambda report: None,
) -> Report:
    """Run benchmarks on engines of their own; one that fails is among those not run.

    keep: called with what has been found so far, after each benchmark.

    Raises HubstatError for an unknown name, or where the engines cannot start.
    """
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        raise HubstatError(f"no benchmark is called {', '.join(unknown)}: there are {', '.join(BENCHES)}")
    report = Report(conditions=machine.conditions())
    with site(settings, say, peers) as place:
        report.conditions |= _engines(place)
        report.conditions["events a run"] = f"{sizes.events:,}"
        report.conditions["rounds"] = str(sizes.rounds)
        for name in names or BENCHES:
            began = time.monotonic()
            try:
                BENCHES[name](place, sizes, report)
            except HubstatError as error:
                report.not_run.append(NotRun(name, str(error)))
            except Exception as error:  # what the others measure is not lost
                say(traceback.format_exc())
                report.not_run.append(NotRun(name, f"{type(error).__name__}: {error}"))
            keep(report)
            say(f"{name}: ended after {time.monotonic() - began:.0f} s")
    return report


def _engines(place: Site) -> dict[str, str]:
    connection = Connection(place.url)
    version = connection.ask("GET", "/")["version"]["number"]
    connection.close()
    own = place.settings.engines
    ingest = place.settings.ingest
    return {
        "Elasticsearch": f"{version}, heap {own.elasticsearch_heap_mb} MiB, "
        f"{place.settings.elasticsearch.shards} shard, refresh {place.settings.elasticsearch.refresh_seconds:g} s",
        "Kafka": f"{read_lock().kafka.version}, heap {own.kafka_heap_mb} MiB, "
        f"{place.settings.kafka.partitions} partitions",
        "worker": f"{ingest.lanes} lanes, {ingest.chunk_records} records a chunk, cache {ingest.cache_mb} MiB",
    }
