"""The verdict of ``hubstat ingest-status``, from the workers' reports and the group's lag."""

from __future__ import annotations

from typing import Any

import pytest

from hubstat.commands.ingest_status import status_of
from hubstat.elastic.store import Heartbeat
from ingest.progress import PartitionLag

NOW = 1_795_222_470_000


def beat(worker: str = "1", age: int = 1_000, held: tuple[str, ...] = ("t-0",), **more: Any) -> Heartbeat:
    partitions: dict[str, Any] = {name: {} for name in held}
    details = {"partitions": partitions, "health": {"reasons": []}, "rates": {"records": 300.0}, **more}
    return Heartbeat(worker, NOW - age, {}, details)


def lag(partition: int, records: int) -> PartitionLag:
    return PartitionLag("t", partition, 10, 110, 110 - records)


def test_a_partition_lags_by_what_it_holds_and_is_not_committed() -> None:
    assert PartitionLag("t", 0, 10, 110, None).lag == 100
    assert PartitionLag("t", 0, 10, 110, 5).lag == 100
    assert PartitionLag("t", 0, 10, 110, 60).lag == 50
    assert PartitionLag("t", 0, 10, 110, 120).lag == 0


def test_a_worker_that_holds_what_is_left_is_healthy() -> None:
    status = status_of([beat()], [lag(0, 50), lag(1, 0)], 200.0, NOW)
    assert (status.reasons, status.lag, status.catch_up_seconds) == ((), 50, 0.5)


@pytest.mark.parametrize(("arriving", "left", "seconds"), [(300.0, 50, None), (0.0, 0, 0.0), (999.0, 0, 0.0)])
def test_catching_up_takes_what_is_left_over_what_is_gained(arriving: float, left: int, seconds: float | None) -> None:
    assert status_of([beat()], [lag(0, left)], arriving, NOW).catch_up_seconds == seconds


def test_without_a_worker_the_lag_is_shown_and_it_is_not_healthy() -> None:
    status = status_of([], [lag(0, 50)], 0.0, NOW)
    assert status.lag == 50
    assert status.reasons == ("no worker reports: what comes stays in Kafka until one runs",)


def test_a_silent_worker_holds_nothing() -> None:
    status = status_of([beat(age=60_000), beat("2", held=("t-1",))], [lag(0, 5), lag(1, 5)], 0.0, NOW)
    assert [(worker.name, worker.silent) for worker in status.workers] == [("1", True), ("2", False)]
    (reason,) = status.reasons
    assert "t-0" in reason
    assert status_of([beat(age=60_000), beat("2")], [lag(0, 5)], 0.0, NOW).reasons == ()


def test_what_a_worker_says_of_itself_counts() -> None:
    status = status_of([beat(health={"reasons": ["it is late"]})], [], 0.0, NOW)
    assert status.reasons == ("worker 1: it is late",)
