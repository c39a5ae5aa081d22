"""The verdict of ``hubstat ingest-status``, from the workers' reports and the group's lag."""

from __future__ import annotations

from typing import Any

import pytest

from hubstat.commands import ingest_status
from hubstat.commands.ingest_status import _print, status_of
from hubstat.elastic.store import Heartbeat
from hubstat.errors import HubstatError
from hubstat.settings import Settings
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


def test_what_kafka_deleted_unread_or_has_lost_is_said() -> None:
    status = status_of([beat(held=("t-0", "t-1"))], [PartitionLag("t", 0, 90, 110, 60), lag(1, -5)], 0.0, NOW)
    assert status.reasons == (
        "Kafka has deleted 30 records of t-0 before they were committed: send them again",
        "t-1 ends 5 records before what was committed: it was made anew or has lost its end; "
        "see the runbook on how to let the group begin again",
    )
    assert PartitionLag("t", 0, 90, 110, None).lost == 0


def test_a_gone_worker_that_names_what_there_is_not_is_to_be_forgotten() -> None:
    gone = Heartbeat("9", NOW - 3_600_000, {"t-0": 5, "t-7": 5}, {})
    (reason,) = status_of([beat(), gone], [lag(0, 0)], 0.0, NOW).reasons
    assert "t-7" in reason
    assert "--forget 9" in reason
    assert status_of([beat(), Heartbeat("9", NOW - 3_600_000, {"t-0": 5}, {})], [lag(0, 0)], 0.0, NOW).reasons == ()


def test_the_table_shows_data_as_they_are_and_no_rates_of_the_silent(capsys: pytest.CaptureFixture[str]) -> None:
    live = beat(address="http://[fe80::1]:9000", rates={"records": 71.0, "written": 5.0})
    silent = beat("2", age=60_000, rates={"records": 83.0, "written": 5.0})
    _print(Settings(), status_of([live, silent], [lag(0, 0)], 0.0, NOW))
    shown = capsys.readouterr().out
    assert "http://[fe80::1]:9000" in shown
    assert "71" in shown
    assert "83" not in shown


def test_what_a_worker_says_of_itself_counts() -> None:
    status = status_of([beat(health={"reasons": ["it is late"]})], [], 0.0, NOW)
    assert status.reasons == ("worker 1: it is late",)


class Client:
    """Holds one report; takes no part of an answer for the whole."""

    def __init__(self, written_at: int) -> None:
        self.report = {"worker": "9", "written_at": written_at, "complete_to": {"t-7": 5}}
        self.deleted: list[str] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def search(self, *, sort: str, allow_partial_search_results: bool, **_: Any) -> dict[str, Any]:
        assert (sort, allow_partial_search_results) == ("worker", False)
        return {"hits": {"hits": [{"_source": self.report}]}}

    def delete(self, *, index: str, id: str, refresh: bool) -> None:
        self.deleted.append(f"{index}/{id}")


@pytest.mark.parametrize(
    ("worker", "written_at", "error"),
    [("9", 0, None), ("8", 0, "no worker 8 has reported; these have: 9"), ("9", 2**60, "worker 9 runs")],
)
def test_only_a_worker_that_is_silent_is_forgotten(
    monkeypatch: pytest.MonkeyPatch, worker: str, written_at: int, error: str | None
) -> None:
    client = Client(written_at)
    monkeypatch.setattr(ingest_status, "connect", lambda *_: client)
    if error is None:
        ingest_status._forget(Settings(), "http://search:9200", worker)
    else:
        with pytest.raises(HubstatError, match=error):
            ingest_status._forget(Settings(), "http://search:9200", worker)
    assert client.deleted == ([] if error else ["hubstat-ingest-status/9"])
