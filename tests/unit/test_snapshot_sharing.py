"""While one viewer's request makes the next board, the others are given the last one, unless that is old."""

from __future__ import annotations

import threading
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aggregations.reader import Reader
from aggregations.snapshot import Snapshots

DAY = date(2026, 11, 20)


class Slow(Snapshots):
    """Makes a board when it is let. made: how many."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.made = 0
        self.let = threading.Event()
        self.begun = threading.Event()
        super().__init__(cast(Reader, SimpleNamespace(clock=lambda: self.now)), 2.0)

    def _make(self, service_date: date, last: Any) -> Any:
        self.begun.set()
        assert self.let.wait(10)
        self.made += 1
        return SimpleNamespace(moment=SimpleNamespace(as_of=self.now), number=self.made)


def number(snapshots: Snapshots) -> int:
    found: int = cast(Any, snapshots.current(DAY)).number
    return found


@pytest.fixture
def snapshots() -> Slow:
    found = Slow()
    found.let.set()
    assert number(found) == 1
    found.let.clear()
    found.begun.clear()
    return found


def test_others_get_the_last_board_meanwhile(snapshots: Slow) -> None:
    snapshots.now += 2_000
    maker = threading.Thread(target=number, args=(snapshots,))
    maker.start()
    assert snapshots.begun.wait(10)
    assert number(snapshots) == 1
    snapshots.let.set()
    maker.join(10)
    assert number(snapshots) == 2
    assert snapshots.made == 2


def test_a_board_that_is_old_is_waited_for(snapshots: Slow) -> None:
    snapshots.now += 10_000
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(number(snapshots))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert snapshots.begun.wait(10)
    assert found == []
    snapshots.let.set()
    for thread in threads:
        thread.join(10)
    assert found == [2, 2, 2]
    assert snapshots.made == 2
