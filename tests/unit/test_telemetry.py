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
from hubstat.errors import EngineError
from hubstat.settings import Settings
from ingest.cache import DocumentCache
from ingest.records import Counters
from ingest.telemetry.distribution import SECONDS, Distribution, quantile
from ingest.telemetry.measured import MeasuredFlusher, MeasuredWriter
from ingest.telemetry.metrics import METRICS, Sources, registry_of
from ingest.telemetry.minute import Minute, Totals
from ingest.telemetry.report import Report, Teller
from ingest.telemetry.standing import Standing
from ingest.transport.reach import CLOCK_SLACK_MS, Frontier, Polls, Reach
from ingest.transport.thread import log_replaced, lost_records

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
        named = ("t-0", "t-1", "t-2")
        self.standing = Standing(named, lambda: self.joined, threshold, lambda: self.now, lambda: self.now / 1000)

    def look(self, **held: Reach) -> None:
        self.standing.look({{"a": A, "b": B}[name]: each for name, each in held.items()}, 1)


def test_what_was_complete_stays_complete() -> None:
    world = World()
    world.look(a=reach(), b=reach())
    assert world.standing.written_to == {"t-0": NOW - 1_000, "t-1": NOW - 1_000, "t-2": None}
    world.look(a=reach(read_to=NOW - 3_600_000, end=11))  # the first record after an idle hour; b went to another
    assert world.standing.written_to == {"t-0": NOW - 1_000, "t-1": NOW - 1_000, "t-2": None}
    world.now += 2_000
    assert world.standing.lag_seconds("t-0") == 3.0
    world.standing.remember({"t-1": NOW + 1, "t-2": None, "t-7": NOW, "old-0": NOW})
    assert world.standing.written_to == {"t-0": NOW - 1_000, "t-1": NOW + 1, "t-2": None}
    assert world.standing.complete_to == {"t-0": None, "t-1": NOW + 1, "t-2": None}, "what is written may not show yet"
    world.standing.show(world.standing.written_to)
    assert world.standing.complete_to == world.standing.written_to


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
    world.look(a=reach(polled=NOW + 1_000))
    world.now += 11_000
    assert world.standing.health().reasons == ("it has not looked at its partitions for 11 s",)
    world.joined = False
    assert world.standing.health().reasons == ("Kafka has given it no partitions yet",)


def test_between_assignments_the_last_verdict_stays() -> None:
    world = World()
    world.look(a=reach(unwritten=NOW - 900_000))
    late = world.standing.health()
    assert (late.healthy, late.lag_seconds, late.lag_records) == (False, 900.0, 5)
    world.standing.look(None, 2)
    between = world.standing.health()
    assert (between.healthy, between.lag_seconds, between.lag_records) == (False, 900.0, None)
    assert set(world.standing.held) == {A}
    world.look()
    assert (world.standing.health().healthy, world.standing.health().lag_records) == (True, 0)


def test_a_worker_without_an_assignment_is_not_healthy_for_long() -> None:
    world = World()
    world.look(a=reach())
    for _ in range(12):
        world.standing.look(None, 2)
        world.now += 1_000
    assert world.standing.health().reasons == ("it has been without an assignment for 12 s",)


def test_what_a_clock_that_was_ahead_has_told_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.now += 3_600_000
    world.look(a=reach(polled=world.now))
    world.standing.show(world.standing.written_to)
    world.now = NOW
    world.look(a=reach(unwritten=NOW - 900_000))
    assert world.standing.written_to["t-0"] == NOW - 900_000
    assert world.standing.complete_to["t-0"] is None
    assert not world.standing.health().healthy
    assert "the clock was set back" in caplog.text
    world.standing.remember({"t-1": NOW + 3_600_000})
    assert world.standing.complete_to["t-1"] is None


def test_lost_records_make_a_worker_unhealthy() -> None:
    world = World()
    world.look(a=reach())
    world.standing.lost = 1_200
    (reason,) = world.standing.health().reasons
    assert reason.startswith("Kafka had deleted 1,200 records")


def test_a_paused_worker_claims_nothing_of_its_pause() -> None:
    """The answer of before the pause is stamped after it: the stamp says nothing, only the one before it does."""
    polls = Polls()
    assert polls.note(1, A, None) is None
    assert polls.note(1, A, 5_000) is None
    assert polls.note(1, A, 6_000) == 5_000
    assert polls.note(1, A, 6_000) == 5_000, "no answer since: still the one before"
    assert polls.note(1, A, 906_000) == 6_000
    assert polls.note(2, A, 907_000) is None, "another assignment"


def test_records_that_kafka_deleted_unread_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert lost_records(A, 40, 100) == 60
    assert "t[0]: Kafka has deleted offsets 40 to 99" in caplog.text
    assert (lost_records(A, 100, 100), lost_records(A, 140, 100)) == (0, 0)


def test_a_log_that_ends_before_what_was_committed_says_what_to_do() -> None:
    assert log_replaced(A, 5_000, 5_000, "hubstat-ingest") is None
    said = log_replaced(A, 5_000, 12, "hubstat-ingest")
    assert said is not None
    assert "t[0] ends at offset 12, but 5000 was committed" in said
    assert "--group hubstat-ingest --topic t --reset-offsets --to-earliest" in said


async def test_a_report_that_is_refused_ends_nothing(sources: Sources, caplog: pytest.LogCaptureFixture) -> None:
    class Refusing(FakeWriter):
        refuses = True

        async def put(self, index: str, doc_id: str, body: bytes) -> None:
            if self.refuses:
                raise EngineError("403")
            await super().put(index, doc_id, body)

    writer, now = Refusing(), [0.0]
    teller = Teller(Report(sources, writer, "", lambda: NOW), sources.standing, lambda: now[0])
    for _ in range(3):
        await teller.tell()
        now[0] += 29.0
    assert caplog.text.count("cannot be written: 403") == 1
    assert sources.standing.health().reasons == ("its report cannot be written: 403",)
    writer.refuses = False
    await teller.tell()
    assert sources.standing.health().healthy


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
        self.cache = DocumentCache(1_000, held=False)
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
    flusher.counters.cache_hits = 6
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
    assert registry.get_sample_value("hubstat_ingest_cache_lookups_total", one | {"result": "hit"}) == 6
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
    await writer.put(index, "1", orjson.dumps({"complete_to": {"t-0": NOW + 5, "t-2": NOW - 99, "t-9": NOW - 99}}))
    report = Report(sources, writer, "http://here:1", lambda: NOW, lambda: 0.0)
    await report.write()
    document = orjson.loads(writer.documents[index, "1"][1])
    assert document["complete_to"] == {"t-0": NOW + 5, "t-1": None, "t-2": NOW - 99}
    assert (document["worker"], document["written_at"]) == ("1", NOW)
    assert document["details"]["address"] == "http://here:1"
    assert document["details"]["partitions"]["t-1"] == {"committed": 5, "position": 10, "end": 14}
    assert document["details"]["totals"]["cache_hits"] == 6


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
