"""How far the figures reach: the least over all partitions of the latest that any worker has said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from aggregations.reader import Reader
from hubstat.elastic.store import Heartbeat
from hubstat.settings import KafkaSettings, Settings
from ingest.telemetry.standing import Standing
from ingest.worker import partitions_of

NOW = 1_000_000


class Reports:
    def __init__(self, *said: Mapping[str, int | None]) -> None:
        self._said = said

    def heartbeats(self) -> list[Heartbeat]:
        return [Heartbeat(str(number), NOW - number, said) for number, said in enumerate(self._said)]


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ([], None),
        ([{}], None),
        ([{"t-0": NOW - 5, "t-1": NOW - 900}], NOW - 900),
        ([{"t-0": NOW + 700}], NOW),
        # a stopped worker's partition that another took over, and one that nobody did
        ([{"t-0": NOW - 10}, {"t-0": NOW - 5_000, "t-1": NOW - 10}], NOW - 10),
        ([{"t-0": NOW - 10}, {"t-1": NOW - 5_000}], NOW - 5_000),
        # just assigned: what was said of it before holds; of a partition that nobody ever read, nothing does
        ([{"t-0": None}, {"t-0": NOW - 7_000}], NOW - 7_000),
        ([{"t-0": NOW - 7_000}, {"t-0": None}], NOW - 7_000),
        ([{"t-0": NOW - 10, "t-1": None}], None),
        # what a clock that was ahead has said says nothing
        ([{"t-0": NOW + 3_600_000, "t-1": NOW - 10}], None),
        ([{"t-0": NOW + 3_600_000}, {"t-0": NOW - 20}], NOW - 20),
    ],
)
def test_data_reach_as_far_as_every_partition_does(said: list[Mapping[str, int | None]], reached: int | None) -> None:
    reports: Any = Reports(*said)
    assert Reader(reports, "KR").data_to(NOW) == reached


def test_a_partition_that_nobody_has_reported_holds_the_data_back() -> None:
    """Two workers of a fresh namespace: one has reported its half, the other has not yet."""
    settings = Settings(kafka=KafkaSettings(partitions=2))
    half = {f"hubstat-{topic}-0" for topic in ("invoice-events", "friend-events", "friend-activity")}
    first = Standing(partitions_of(settings), lambda: True, 60.0, lambda: NOW)
    first.remember(dict.fromkeys(half, NOW - 10))
    reports: Any = Reports(first.complete_to)
    assert Reader(reports, "KR").data_to(NOW) is None
    second = Standing(partitions_of(settings), lambda: True, 60.0, lambda: NOW)
    second.remember(dict.fromkeys(second.complete_to.keys() - half, NOW - 30))
    reports = Reports(first.complete_to, second.complete_to)
    assert Reader(reports, "KR").data_to(NOW) == NOW - 30
