"""Workers of one group that come, go and are slow, while a steady stream goes on: nothing is lost, and how long it
stands still. ``HUBSTAT_TEST_TRANSPORT_SESSION_SECONDS`` sets the session time-out.
"""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from transport import PARTITIONS, SESSION_SECONDS, Harness, Memory, produce, stream

from hubstat.errors import SettingsError
from ingest.topics import ensure_topics

pytestmark = pytest.mark.engines

DYNAMIC = {"HUBSTAT_INGEST__STATIC_MEMBERSHIP": "false"}
STALL_SECONDS = 10.0
"""Longest stall that a worker which comes, goes or dies may cause, with the session time-out of these tests."""

BOUNDED_MB = 130
WHOLE_FETCHES_MB = 40
"""A worker's memory with its reading bounded; how much more one has that reads each partition's fetch whole."""


def make(engines: Any, folder: Path) -> Harness:
    folder.mkdir(exist_ok=True)
    harness = Harness(engines.kafka_bootstrap, folder)
    asyncio.run(ensure_topics(harness.settings, harness.bootstrap))
    return harness


@pytest.fixture
def harness(engines: Any, tmp_path: Path) -> Iterator[Harness]:
    harness = make(engines, tmp_path)
    yield harness
    harness.close()


@pytest.fixture
def control(engines: Any, tmp_path: Path) -> Iterator[Harness]:
    """A second namespace, whose worker lacks what is tested."""
    control = make(engines, tmp_path / "control")
    yield control
    control.close()


def joined(harness: Harness, *workers: int) -> None:
    """Wait until these workers, and no others, share the partitions evenly and have written."""
    share = PARTITIONS // len(workers)
    harness.wait_for(lambda: all(harness.assignments(w)[-1:] == [share] for w in workers))
    time.sleep(1.0)


def ended(harness: Harness, sent: set[str], workers: list[subprocess.Popen[bytes]]) -> None:
    """Nothing is lost and everything is committed."""
    harness.wait_for_all(sent)
    assert set(harness.seen()) == sent
    for worker in workers:
        assert harness.stop(worker) == 0
    assert harness.lag() == 0


def test_a_worker_joins_leaves_and_dies_in_mid_flush(harness: Harness, figure: Callable[[str], None]) -> None:
    with stream(harness) as sent:
        first = harness.start(1, DYNAMIC, flush_seconds=0.3)
        joined(harness, 1)
        at = time.monotonic()
        second = harness.start(2, DYNAMIC, flush_seconds=0.3)
        joined(harness, 1, 2)
        stalls = {"join": harness.stall(at, time.monotonic())}
        at = time.monotonic()
        assert harness.stop(second) == 0
        joined(harness, 1)
        stalls["leave"] = harness.stall(at, time.monotonic())
        second = harness.start(2, DYNAMIC, flush_seconds=0.3)
        joined(harness, 1, 2)
        at = time.monotonic()
        second.kill()
        joined(harness, 1)
        stalls["kill -9"] = harness.stall(at, time.monotonic())
    figure(", ".join(f"{what} stalls {seconds:.1f} s" for what, seconds in stalls.items()))
    ended(harness, sent, [first])
    assert stalls["join"] < STALL_SECONDS
    assert stalls["leave"] < STALL_SECONDS
    assert stalls["kill -9"] < SESSION_SECONDS + 4


def test_a_restarted_worker_keeps_its_partitions(harness: Harness, figure: Callable[[str], None]) -> None:
    """Static membership: the others are not rebalanced, unless it stays away longer than its session."""
    session = 2 * SESSION_SECONDS  # on a busy machine a start alone takes longer than the others' sessions
    environment = {"HUBSTAT_INGEST__SESSION_TIMEOUT_SECONDS": str(session)}
    with stream(harness) as sent:
        workers = {number: harness.start(number, environment, flush_seconds=0.1) for number in (1, 2)}
        joined(harness, 1, 2)
        before, stalls = harness.assignments(1), {}
        for how in (signal.SIGTERM, signal.SIGKILL):
            at, own = time.monotonic(), len(harness.assignments(2))
            harness.stop(workers[2], how)
            time.sleep(1.0)
            workers[2] = harness.start(2, environment, flush_seconds=0.1)
            harness.wait_for(lambda n=own: len(harness.assignments(2)) > n)  # type: ignore[misc]
            time.sleep(1.0)
            stalls[f"{how.name} and start"] = harness.stall(at, time.monotonic())
        assert harness.assignments(1) == before, "the other worker was not rebalanced"
        at = time.monotonic()
        harness.stop(workers[2])
        joined(harness, 1)
        stalls["gone for good"] = harness.stall(at, time.monotonic())
    figure(", ".join(f"{what} stalls {seconds:.1f} s" for what, seconds in stalls.items()))
    ended(harness, sent, [workers[1]])
    assert max(stalls.values()) < session + 4


def test_a_worker_without_partitions_reads_nothing_and_takes_over(harness: Harness) -> None:
    """To aiokafka an empty set of partitions means all of them."""
    numbers = range(1, PARTITIONS + 2)
    with stream(harness) as sent:
        workers = {number: harness.start(number, DYNAMIC) for number in numbers}
        harness.wait_for(lambda: len({line.worker for line in harness.sink()[-200:]}) == PARTITIONS)
        time.sleep(2.0)
        at = time.monotonic()
        time.sleep(2.0)
        busy = {line.worker for line in harness.sink() if line.at > at}
        assert len(busy) == PARTITIONS
        idle = {str(number) for number in numbers} - busy
        victim = int(busy.pop())
        workers.pop(victim).kill()
        harness.wait_for(lambda: any(line.worker in idle for line in harness.sink()[-200:]))
    ended(harness, sent, list(workers.values()))


def test_a_flush_that_outlasts_the_revocation_counts_for_nothing(harness: Harness) -> None:
    """The rebalance does not wait for it; its records are written again by whoever holds them then."""
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(4000)))
    first = harness.start(1, DYNAMIC, slow_flush=[1, 25.0])
    harness.wait_for(lambda: harness.assignments(1) == [PARTITIONS])
    second = harness.start(2, DYNAMIC)
    harness.wait_for_all(sent)
    harness.wait_for(lambda: max(harness.seen().values()) == 2)
    twice = {value for value, count in harness.seen().items() if count == 2}
    assert "1" in {line.worker for line in harness.sink() if line.value in twice}, "the slow flush has written as well"
    ended(harness, sent, [first, second])


def test_a_full_buffer_does_not_cost_the_membership(harness: Harness, control: Harness) -> None:
    """While nothing may be read, aiokafka has to hear that the worker lives, or it leaves the group."""
    plan = {"slow_flush": [1, 12.0], "conf": {"broker_max_poll_interval": 4.0}}
    environment = {
        "HUBSTAT_INGEST__BUFFER_MB": "1",
        "HUBSTAT_INGEST__LANES": "1",
        "HUBSTAT_INGEST__STUCK_SECONDS": "20",
    }
    sent = asyncio.run(produce(harness, harness.topics.invoice_events, range(20_000)))
    asyncio.run(produce(control, control.topics.invoice_events, range(20_000)))
    worker = harness.start(1, environment, **plan)
    without = control.start(1, environment, **plan, silent_when_full=True)
    ended(harness, sent, [worker])
    assert harness.assignments() == [PARTITIONS]
    assert set(harness.seen().values()) == {1}
    assert without.wait(30) == 70, "without that it has left, for good"
    assert control.seen()
    assert control.committed() == 0


def test_what_is_read_ahead_of_a_slow_sink_is_bounded(
    harness: Harness, control: Harness, figure: Callable[[str], None]
) -> None:
    """Also of a compressed topic, whose fetches are many times their size."""
    plan = {"flush_seconds": 60.0}
    environment = {"HUBSTAT_INGEST__BUFFER_MB": "8"}
    for each in (harness, control):
        asyncio.run(produce(each, each.topics.invoice_events, range(100_000), size=1200, compression="gzip"))
    workers = [harness.start(1, environment, **plan), control.start(1, environment, **plan, whole_polls=True)]
    with Memory(workers[0]) as ours, Memory(workers[1]) as whole:
        for each in (harness, control):
            each.wait_for(lambda e=each: e.assignments() == [PARTITIONS])  # type: ignore[misc]
        time.sleep(4.0)
        # What the other one has read whole shows that there was time enough, on a busy machine too.
        control.wait_for(lambda: whole.peak > ours.peak + WHOLE_FETCHES_MB, 150.0)
    figure(f"gzip topic, buffer 8 MiB: {ours.peak:.0f} MiB, with unbounded polls {whole.peak:.0f} MiB")
    assert ours.peak < BOUNDED_MB
    assert whole.peak > ours.peak + WHOLE_FETCHES_MB


def test_a_second_worker_of_the_same_id_is_refused(harness: Harness) -> None:
    first = harness.start(1)
    harness.wait_for(lambda: (harness.folder / "namespaces" / harness.namespace / "ingest-1.lock").exists())
    time.sleep(0.5)
    assert harness.start(1).wait(20) == SettingsError.exit_code
    assert "an ingest worker with id 1 runs already" in harness.log()
    assert first.poll() is None
    assert harness.stop(first) == 0


def test_partitions_added_to_a_topic_end_its_workers_with_what_to_do(harness: Harness) -> None:
    topic = harness.topics.invoice_events
    sent = asyncio.run(produce(harness, topic, range(2000)))
    worker = harness.start(conf={"consumer_metadata_max_age_ms": 1000})
    harness.wait_for_all(sent)
    asyncio.run(harness.grow(topic, PARTITIONS + 2))
    assert worker.wait(30) == SettingsError.exit_code
    assert f"{topic} got more partitions than HUBSTAT_KAFKA__PARTITIONS={PARTITIONS}" in harness.log()
    assert harness.start().wait(20) == SettingsError.exit_code, "nor does it start again"
    assert f"topic {topic} has {PARTITIONS + 2} partitions" in harness.log()
    for other in (harness.topics.friend_events, harness.topics.friend_activity):
        asyncio.run(harness.grow(other, PARTITIONS + 2))
    more = asyncio.run(produce(harness, topic, range(2000, 4000)))
    worker = harness.start(environment={"HUBSTAT_KAFKA__PARTITIONS": str(PARTITIONS + 2)})
    harness.wait_for_all(sent | more)
    assert harness.stop(worker) == 0
    assert set(harness.seen().values()) == {1}
