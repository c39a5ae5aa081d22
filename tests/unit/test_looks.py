"""A look at the data that is over, or that failed half-way, never passes for one that found nothing."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aggregations import snapshot
from aggregations.reader import Reader
from aggregations.snapshot import Snapshots
from hubstat.domain import time as tm
from hubstat.elastic.search import PointInTime
from hubstat.errors import QueryError

DAY = date(2026, 11, 20)


class Client:
    """An Elasticsearch without any index."""

    indices = SimpleNamespace(get=lambda **_: SimpleNamespace(body={}))


def test_a_look_that_is_closed_answers_no_more() -> None:
    look = PointInTime(cast(Any, Client()), "t-invoices-*")
    with look:
        assert look.count({"match_all": {}}) == 0
    with pytest.raises(QueryError, match="ask again"):
        look.count({"match_all": {}})


def test_after_a_read_that_failed_half_way_all_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    counted: list[Any] = []

    class Fails:
        def __init__(self, service_date: Any, zone: Any, process: Any) -> None:
            made.append(self)

        def refresh(self, *_: Any) -> Any:
            raise QueryError("half of it")

    class Counts:
        def __init__(self, service_date: str) -> None:
            counted.append(self)

        def at(self, *_: Any) -> Any:
            return {}, 1

    class Inside:
        service_date = DAY
        baselines = SimpleNamespace(version=1)

        def keep(self, *_: Any) -> None: ...
        def within(self, *_: Any) -> Any:
            return PointInTime(cast(Any, Client()), "t-*")

        context = None

        def counter(self, *_: Any) -> Any:
            return SimpleNamespace(waiting=lambda *_: {})

        def counted(self, *_: Any) -> Any: ...
        def give_settled(self, *_: Any) -> None: ...

    monkeypatch.setattr(snapshot, "FriendDays", Fails)
    monkeypatch.setattr(snapshot, "CellCounts", Counts)
    reader = SimpleNamespace(
        clock=lambda: 1_000,
        zone=tm.zone("KR"),
        data_to=lambda now: now,
        view=lambda: _View(),
        day=lambda *_: Inside(),
    )
    snapshots = Snapshots(cast(Reader, reader), 2.0)
    for _ in range(2):
        with pytest.raises(QueryError, match="half of it"):
            snapshots.current(DAY)
    assert len(made) == len(counted) == 2
    snapshots.close()


class _View(PointInTime):
    master = SimpleNamespace(version=1)
    invoices = None

    def __init__(self) -> None:
        super().__init__(cast(Any, Client()), "t-*")
