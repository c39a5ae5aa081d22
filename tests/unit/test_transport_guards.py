import logging

import pytest

from ingest.transport.guards import EXIT_NOT_STARTED, EXIT_UNSAFE, Guard, RepeatFilter, Watch


class World:
    def __init__(self) -> None:
        self.now = 1000.0
        self.stopping = False
        self.ready = False
        self.stalled = 0.0
        self.since_retry = float("inf")
        self.left: list[tuple[str, int]] = []
        watch = Watch(
            stopping=lambda: self.stopping,
            ready=lambda: self.ready,
            stalled_seconds=lambda: self.stalled,
            stop_deadline=12,
            ready_deadline=60,
            stalled_limit=300,
        )
        self.guard = Guard(
            watch,
            leave=lambda why, code: self.left.append((why, code)),
            clock=lambda: self.now,
            since_retry=lambda: self.since_retry,
        )

    def after(self, seconds: float) -> list[tuple[str, int]]:
        self.now += seconds
        self.guard.look()
        return self.left


@pytest.fixture
def world() -> World:
    return World()


def test_a_worker_that_gets_no_partitions_ends_with_exit_code_1(world: World) -> None:
    assert world.after(59.9) == []
    assert world.after(0.1) == [("Kafka gave it no partitions within 60 s", EXIT_NOT_STARTED)]


def test_a_ready_worker_stays(world: World) -> None:
    world.ready = True
    world.stalled = 299.9
    assert world.after(10_000) == []


def test_a_stalled_worker_ends(world: World) -> None:
    world.ready = True
    world.stalled = 301
    assert world.after(1) == [("the oldest record read is not written and committed after 301 s", EXIT_UNSAFE)]


def test_a_worker_that_waits_for_elasticsearch_stays_for_as_long_as_it_tries(world: World) -> None:
    world.ready = True
    world.stalled, world.since_retry = 50_000, 40
    assert world.after(1) == []
    world.since_retry = 301
    assert [code for _, code in world.after(1)] == [EXIT_UNSAFE]


def test_a_stop_has_a_deadline_from_when_it_was_asked_for(world: World) -> None:
    world.ready = True
    assert world.after(500) == []
    world.stopping = True
    assert world.after(0.2) == []
    assert world.after(11.9) == []
    assert world.after(0.1) == [("it did not stop within 12 s", EXIT_UNSAFE)]


def test_a_stopping_worker_may_be_stalled_or_not_ready(world: World) -> None:
    world.stopping = True
    world.stalled = 1000
    assert world.after(0.2) == []
    assert world.after(5) == []


def record(name: str, message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, None)


def test_repetitions_are_kept_back_and_counted() -> None:
    now = 0.0
    repeats = RepeatFilter(("aiokafka",), 10.0, clock=lambda: now)
    assert repeats.filter(record("aiokafka.client", "no node %s", 1))
    assert not any(repeats.filter(record("aiokafka.client", "no node %s", n)) for n in range(5))
    assert repeats.filter(record("aiokafka.client", "another")), "another message is another kind"
    assert repeats.filter(record("aiokafka.conn", "no node %s", 1)), "and so is another logger"
    now = 12.0
    last = record("aiokafka.client", "no node %s", 7)
    assert repeats.filter(last)
    assert last.getMessage() == "no node 7 (5 more like this in 12 s)"


def test_other_loggers_are_left_alone() -> None:
    repeats = RepeatFilter(("aiokafka",), clock=lambda: 0.0)
    assert all(repeats.filter(record("ingest.app", "again")) for _ in range(3))
