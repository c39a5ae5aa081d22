"""What a worker tells of itself: how far it is, whether that will do, and in which numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from fakes import FakeRecord, FakeWriter
from faust.types import TP

from hubstat.elastic.names import Names
from hubstat.settings import Settings
from ingest.cache import DocumentCache
from ingest.records import Counters
from ingest.telemetry.distribution import SECONDS, Distribution, quantile
from ingest.telemetry.measured import MeasuredFlusher, MeasuredWriter
from ingest.telemetry.metrics import METRICS, Sources, registry_of
from ingest.telemetry.minute import Minute, Totals
from ingest.telemetry.report import Report
from ingest.telemetry.standing import Standing
from ingest.transport.reach import CLOCK_SLACK_MS, Frontier, Reach

NOW = 1_795_222_470_000
A, B = TP("t", 0), TP("t", 1)


def reach(
    unwritten: int | None = None,
    read_to: int | None = None,
    position: int | None = 10,
    end: int | None = 10,
    polled: int | None = NOW,
) -> Reach:
    return Reach(Frontier(5, unwritten, read_to), position, end, polled)


@pytest.mark.parametrize(
    ("look", "complete_to"),
    [
        (reach(unwritten=NOW - 9_000, read_to=NOW - 10), NOW - 9_000),
        (reach(read_to=NOW - 50_000), NOW - CLOCK_SLACK_MS),
        (reach(read_to=NOW - 50_000, end=11), NOW - 50_000),
        (reach(read_to=NOW - 50_000, end=None, polled=None), NOW - 50_000),
        (reach(end=11), None),
        (reach(position=None, end=None, polled=None), None),
    ],
    ids=["unwritten", "all read and written", "more in Kafka", "end unknown", "nothing read yet", "just assigned"],
)
def test_a_partition_is_complete_to_what_is_surely_written(look: Reach, complete_to: int | None) -> None:
    assert look.complete_to == complete_to


class World:
    """A standing with a clock of its own."""

    def __init__(self, threshold: float = 60.0) -> None:
        self.now = NOW
        self.joined = True
        self.standing = Standing(lambda: self.joined, threshold, lambda: self.now, lambda: self.now / 1000)

    def look(self, **held: Reach) -> None:
        self.standing.look({{"a": A, "b": B}[name]: each for name, each in held.items()}, 1)


def test_what_was_complete_stays_complete() -> None:
    world = World()
    world.look(a=reach(), b=reach())
    assert world.standing.complete_to == {"t-0": NOW - 1_000, "t-1": NOW - 1_000}
    world.look(a=reach(read_to=NOW - 3_600_000, end=11))  # the first record after an idle hour; b went to another
    assert world.standing.complete_to == {"t-0": NOW - 1_000, "t-1": NOW - 1_000}
    world.now += 2_000
    assert world.standing.lag_seconds("t-0") == 3.0
    world.standing.remember({"t-1": NOW + 1, "t-2": None})
    assert world.standing.complete_to == {"t-0": NOW - 1_000, "t-1": NOW + 1, "t-2": None}


def test_a_worker_that_keeps_up_is_healthy() -> None:
    world = World()
    world.look(a=reach(), b=reach(unwritten=NOW - 59_000, position=8, end=12))
    health = world.standing.health()
    assert (health.healthy, health.reasons, health.joined) == (True, (), True)
    assert (health.lag_records, health.lag_seconds, health.oldest_unwritten_at) == (12, 59.0, NOW - 59_000)


def test_a_worker_that_is_behind_is_not() -> None:
    world = World()
    world.look(a=reach(), b=reach(unwritten=NOW - 61_000))
    health = world.standing.health()
    assert health.reasons == ("1 partitions are more than 60 s behind, t-1 by 61 s",)
    assert not health.healthy


def test_a_partition_that_nothing_is_known_of_is_late_after_the_threshold() -> None:
    world = World()
    unknown = reach(position=None, end=None, polled=None)
    world.look(a=unknown)
    assert world.standing.health().healthy
    assert world.standing.health().lag_records is None
    world.now += 61_000
    world.look(a=unknown)
    assert not world.standing.health().healthy


def test_kafka_that_is_away_makes_a_worker_late() -> None:
    world = World()
    world.look(a=reach())
    world.now += 61_000
    world.look(a=reach())
    assert world.standing.health().reasons == ("1 partitions are more than 60 s behind, t-0 by 62 s",)


def test_a_worker_that_hangs_or_has_not_joined_is_not_healthy() -> None:
    world = World()
    world.look(a=reach(polled=NOW + 20_000))
    world.now += 11_000
    assert world.standing.health().reasons == ("it has not looked at its partitions for 11 s",)
    world.joined = False
    assert world.standing.health().reasons == ("Kafka has given it no partitions yet",)


def test_a_distribution_counts_by_bucket_and_tells_shares() -> None:
    distribution = Distribution((1.0, 2.0, 4.0))
    for value, weight in ((0.5, 1), (1.0, 1), (2.0, 6), (9.0, 2)):
        distribution.observe(value, weight)
    assert distribution.counts() == (2, 6, 0, 2)
    assert distribution.cumulative() == [("1.0", 2.0), ("2.0", 8.0), ("4.0", 8.0), ("+Inf", 10.0)]
    assert distribution.total == 31.5
    assert quantile(distribution.bounds, distribution.counts(), 0.5) == 1.5
    assert quantile(distribution.bounds, distribution.counts(), 0.99) == 4.0
    assert quantile(distribution.bounds, (0, 0, 0, 0), 0.5) is None


def test_rates_are_those_of_the_last_minute() -> None:
    minute = Minute()
    minute.add(0.0, Totals({"records": 0}, (0, 0)))
    assert minute.rates() == {}
    for second in range(1, 101):
        minute.add(float(second), Totals({"records": 1000 if second > 50 else 0}, (0, second)))
    assert minute.rates() == {"records": pytest.approx(1000 / 60)}
    assert minute.counts() == [0, 60]


class Flusher:
    """Counts and writes nothing; a flush takes a second of ``world``."""

    gather = 7
    linger = 1.5

    def __init__(self, world: World) -> None:
        self.world = world
        self.counters = Counters()
        self.cache = DocumentCache(1_000, 0.0)
        self.flushed: list[int] = []
        self.partitions: set[TP] = set()

    async def flush(self, records: Any) -> None:
        self.world.now += 1_000
        self.flushed.append(len(records))

    async def assigned(self, partitions: set[TP]) -> None:
        self.partitions = partitions


def measured(world: World) -> MeasuredFlusher:
    return MeasuredFlusher("invoice", Flusher(world), lambda: world.now / 1000, lambda: world.now / 1000)


@pytest.mark.parametrize("count", [1, 19, 20, 21, 2000, 2047])
async def test_a_measured_flush_counts_every_record_once(count: int) -> None:
    flusher = measured(World())
    records: list[Any] = [FakeRecord(b"", timestamp=NOW - 4_000)] * count
    await flusher.flush(records)
    assert sum(flusher.latency.counts()) == count
    assert flusher.latency.total == pytest.approx(5.0 * count)
    assert (sum(flusher.flush_seconds.counts()), flusher.flush_seconds.total) == (1, 1.0)


async def test_a_measured_flusher_is_the_one_inside() -> None:
    flusher = measured(World())
    assert (flusher.gather, flusher.linger) == (7, 1.5)
    await flusher.assigned({A})
    assert flusher._flusher.partitions == {A}  # type: ignore[attr-defined]


@pytest.fixture
def sources() -> Sources:
    world = World()
    world.look(a=reach(), b=reach(end=14))
    flusher = measured(world)
    flusher.counters.records, flusher.counters.written, flusher.counters.cache_misses = 10, 8, 3
    flusher.latency.observe(0.25, 10)
    writer = MeasuredWriter(Settings(), "http://search:9200", threads=1)
    writer.letters["bad_time"] += 2
    writer.close()
    return Sources("hubstat", "1", world.standing, (flusher,), writer)


def test_metrics_are_those_declared_and_say_what_was_counted(sources: Sources) -> None:
    registry = registry_of(sources)
    found = {family.name for family in registry.collect() if family.name.startswith("hubstat")}
    assert found == {kind.exposed.removesuffix("_total") for kind in METRICS}
    one = {"kind": "invoice"}
    assert registry.get_sample_value("hubstat_ingest_records_total", one) == 10
    assert registry.get_sample_value("hubstat_ingest_documents_total", one | {"outcome": "written"}) == 8
    assert registry.get_sample_value("hubstat_ingest_cache_lookups_total", one | {"result": "hit"}) == 5
    assert registry.get_sample_value("hubstat_ingest_dead_letters_total", {"reason": "bad_time"}) == 2
    assert registry.get_sample_value("hubstat_ingest_lag_records", {"topic": "t", "partition": "1"}) == 9
    assert registry.get_sample_value("hubstat_ingest_unread_records", {"topic": "t", "partition": "1"}) == 4
    name = "hubstat_ingest_received_to_written_seconds"
    assert registry.get_sample_value(f"{name}_count", one) == 10
    assert registry.get_sample_value(f"{name}_bucket", one | {"le": "0.2"}) == 0
    assert registry.get_sample_value(f"{name}_bucket", one | {"le": "0.3"}) == 10
    assert registry.get_sample_value("process_resident_memory_bytes") > 1_000_000  # type: ignore[operator]


def test_the_runbook_lists_the_metrics() -> None:
    text = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
    rows = re.findall(r"^\| `(hubstat_ingest_\w+)` \| (\w+) \| (.*?) \| (.+) \|$", text, re.MULTILINE)
    wanted = [(kind.exposed, kind.type, ", ".join(kind.labels) or "–", kind.help) for kind in METRICS]
    assert rows == wanted


async def test_a_report_goes_on_from_the_last_one(sources: Sources) -> None:
    writer = FakeWriter()
    index = Names("hubstat").ingest_status
    await writer.put(index, "1", orjson.dumps({"complete_to": {"t-0": NOW + 5, "t-9": NOW - 99}}))
    report = Report(sources, writer, "http://here:1", lambda: NOW, lambda: 0.0)
    await report.write()
    document = orjson.loads(writer.documents[index, "1"][1])
    assert document["complete_to"] == {"t-0": NOW + 5, "t-1": None, "t-9": NOW - 99}
    assert (document["worker"], document["written_at"]) == ("1", NOW)
    assert document["details"]["address"] == "http://here:1"
    assert document["details"]["partitions"]["t-1"] == {"committed": 5, "position": 10, "end": 14}
    assert document["details"]["totals"]["cache_hits"] == 5


async def test_a_report_tells_rates_and_latency_of_the_minute(sources: Sources) -> None:
    seconds = iter((0.0, 10.0))
    report = Report(sources, FakeWriter(), "", lambda: NOW, lambda: next(seconds))
    report.document()
    sources.flushers[0].counters.records += 500
    sources.flushers[0].latency.observe(1.0, 500)
    details = report.document()["details"]
    assert details["rates"]["records"] == 50.0
    assert details["latency"]["p50"] == pytest.approx(0.875)
    assert SECONDS[-1] == 86_400.0
