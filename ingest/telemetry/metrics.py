"""The worker's metrics for Prometheus, read from its counters when somebody asks: counting costs ingest nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from hubstat.waits import RETRIES
from ingest.telemetry.distribution import Distribution
from ingest.telemetry.measured import MeasuredFlusher, MeasuredWriter
from ingest.telemetry.standing import Standing, partition_id

PREFIX: Final = "hubstat_ingest_"
Value = tuple[tuple[str, ...], float]
"""Values of the labels, and the number."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One metric: its name without prefix, and without ``_total`` for a counter."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str

    @property
    def exposed(self) -> str:
        """Its name as Prometheus sees it."""
        return f"{PREFIX}{self.name}{'_total' if self.type == 'counter' else ''}"


_BY_KIND: Final = ("kind",)
_BY_PARTITION: Final = ("topic", "partition")
METRICS: Final = tuple(
    Kind(*each)
    for each in (
        ("records", "counter", _BY_KIND, "Records that a flush has begun with, by kind (invoice, friend)."),
        ("documents", "counter", ("kind", "outcome"), "Documents written, unchanged, or first in conflict."),
        ("published", "counter", _BY_KIND, "Derived records given to Kafka, confirmed or about to be."),
        ("dead_letters", "counter", ("reason",), "Dead letters kept, by reason; repeated after a restart."),
        ("cache_lookups", "counter", ("kind", "result"), "Documents looked for in the cache: hit or miss."),
        ("lost", "counter", (), "Records that Kafka had deleted before they were read."),
        ("retries", "counter", ("doing",), "Requests to Elasticsearch that had to wait and be tried again."),
        ("rebalances", "counter", (), "Assignments of partitions received."),
        ("flush_seconds", "histogram", _BY_KIND, "Duration of one flush, until all of it is safe."),
        (
            "received_to_written_seconds",
            "histogram",
            _BY_KIND,
            "From the broker's received time until the record is stored, sampled; "
            "a search sees it after the next refresh.",
        ),
        ("write_seconds", "histogram", (), "Duration of one write to Elasticsearch, retries included."),
        ("write_documents", "histogram", (), "Documents of one write."),
        ("write_bytes", "histogram", (), "Bytes of the documents of one write."),
        ("cache_entries", "gauge", _BY_KIND, "Documents in the cache."),
        ("cache_bytes", "gauge", _BY_KIND, "Memory that the cache takes, about."),
        ("lag_records", "gauge", _BY_PARTITION, "Records in Kafka and not committed, of the partitions held."),
        ("unread_records", "gauge", _BY_PARTITION, "Records in Kafka and not read, of the partitions held."),
        ("lag_seconds", "gauge", _BY_PARTITION, "Age of the time before which all records are written."),
        ("partitions", "gauge", (), "Partitions held."),
        ("epoch", "gauge", (), "Grows with every beginning and end of an assignment."),
        ("joined", "gauge", (), "1 once Kafka has answered with an assignment."),
        ("healthy", "gauge", (), "1 where /health answers 200."),
        ("worker_info", "gauge", ("namespace", "worker"), "Always 1: which worker this is."),
    )
)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the metrics are read from."""

    namespace: str
    worker: str
    standing: Standing
    flushers: tuple[MeasuredFlusher, ...]
    writer: MeasuredWriter


def registry_of(sources: Sources) -> CollectorRegistry:
    """A registry of its own with all metrics of a worker and of its process."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_WorkerCollector(sources))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def cache_lookups(flusher: MeasuredFlusher) -> tuple[int, int]:
    """Hits and misses."""
    return flusher.counters.cache_hits, flusher.counters.cache_misses


class _WorkerCollector(Collector):
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """Every metric of ``METRICS``, of now."""
        values, distributions = dict(_values(self._sources)), _distributions(self._sources)
        for kind in METRICS:
            if kind.type == "histogram":
                yield _histogram(kind, distributions[kind.name])
            else:
                yield _plain(kind, values[kind.name])


def _plain(kind: Kind, values: Iterable[Value]) -> Metric:
    family: Any = CounterMetricFamily if kind.type == "counter" else GaugeMetricFamily
    metric: Metric = family(PREFIX + kind.name, kind.help, labels=kind.labels)
    for labels, number in values:
        metric.add_metric(labels, number)  # type: ignore[attr-defined]
    return metric


def _histogram(kind: Kind, distributions: Iterable[tuple[tuple[str, ...], Distribution]]) -> Metric:
    metric = HistogramMetricFamily(PREFIX + kind.name, kind.help, labels=kind.labels)
    for labels, distribution in distributions:
        metric.add_metric(labels, distribution.cumulative(), distribution.total)
    return metric


def _values(sources: Sources) -> Iterator[tuple[str, list[Value]]]:
    # Copied before they are gone through: the loop's thread may add to them meanwhile.
    letters, retries = dict(sources.writer.letters), dict(RETRIES)
    standing, health, flushers = sources.standing, sources.standing.health(), sources.flushers
    for name in ("records", "published"):
        yield name, [((each.kind,), getattr(each.counters, name)) for each in flushers]
    outcomes = (("written", "written"), ("unchanged", "unchanged"), ("conflict", "conflicts"))
    yield (
        "documents",
        [((each.kind, outcome), getattr(each.counters, field)) for each in flushers for outcome, field in outcomes],
    )
    yield (
        "cache_lookups",
        [
            ((each.kind, result), number)
            for each in flushers
            for result, number in zip(("hit", "miss"), cache_lookups(each), strict=True)
        ],
    )
    yield "cache_entries", [((each.kind,), len(each.cache)) for each in flushers]
    yield "cache_bytes", [((each.kind,), each.cache.size) for each in flushers]
    yield "dead_letters", [((reason,), number) for reason, number in sorted(letters.items())]
    yield "retries", [((doing,), number) for doing, number in sorted(retries.items())]
    held = {(topic, str(partition)): reach for (topic, partition), reach in sorted(standing.held.items())}
    yield "lag_records", [(tp, reach.uncommitted) for tp, reach in held.items() if reach.uncommitted is not None]
    yield "unread_records", [(tp, reach.unread) for tp, reach in held.items() if reach.unread is not None]
    yield "lag_seconds", [((t, p), standing.lag_seconds(partition_id(t, int(p)))) for t, p in held]
    yield "worker_info", [((sources.namespace, sources.worker), 1)]
    single: dict[str, float] = {
        "lost": standing.lost,
        "rebalances": standing.rebalances,
        "partitions": len(held),
        "epoch": standing.epoch,
        "joined": health.joined,
        "healthy": health.healthy,
    }
    for name, number in single.items():
        yield name, [((), number)]


def _distributions(sources: Sources) -> dict[str, list[tuple[tuple[str, ...], Distribution]]]:
    flushers, writer = sources.flushers, sources.writer
    return {
        "flush_seconds": [((each.kind,), each.flush_seconds) for each in flushers],
        "received_to_written_seconds": [((each.kind,), each.latency) for each in flushers],
        "write_seconds": [((), writer.write_seconds)],
        "write_documents": [((), writer.write_documents)],
        "write_bytes": [((), writer.write_bytes)],
    }
