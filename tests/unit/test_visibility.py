"""What is written becomes visible, is then told to be, and lets the caches go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from faust.types import TP

from hubstat.elastic.writer import Version
from ingest.cache import DocumentCache
from ingest.telemetry.standing import Standing
from ingest.visibility import Refresher

NOW = 1_800_000_000_000


class World:
    """A worker that holds one partition, with clocks that are set."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.refreshes = 0
        self.asked: list[tuple[str, ...]] = []
        self.during = lambda: None
        self.standing = Standing(["t-0"], lambda: True, 60.0, lambda: NOW + int(self.seconds * 1000), self.clock)
        self.standing.held = {TP("t", 0): Any}  # type: ignore[dict-item]
        self.cache = DocumentCache(1_000, held=True, clock=self.clock)
        self.refresher = Refresher(self, self.standing, ["all-*"], [self.cache], 1.0, self.clock)  # type: ignore[arg-type]

    def clock(self) -> float:
        return self.seconds

    def written_to(self, seconds: float) -> None:
        self.standing.written_to["t-0"] = NOW + int(seconds * 1000)

    async def show_written(self, more: Sequence[str] = ()) -> None:
        self.refreshes += 1
        self.asked.append(tuple(more))
        self.during()


async def test_what_is_written_while_a_refresh_is_under_way_is_not_told_yet() -> None:
    world = World()
    world.written_to(99)
    world.during = lambda: world.written_to(99.9)  # type: ignore[method-assign]
    await world.refresher.refresh()
    assert world.standing.complete_to == {"t-0": NOW + 99_000}
    world.seconds = 101
    await world.refresher.refresh()
    assert world.standing.complete_to == {"t-0": NOW + 99_900}


async def test_nothing_is_told_where_the_refresh_fails() -> None:
    world = World()
    world.written_to(99)

    def fail() -> None:
        raise OSError("refused")

    world.during = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="refused"):
        await world.refresher.refresh()
    assert world.standing.complete_to == {"t-0": None}
    world.during = lambda: None
    await world.refresher.refresh()
    assert world.standing.complete_to == {"t-0": NOW + 99_000}, "and the next try does not wait"


async def test_a_worker_that_catches_up_refreshes_less_often() -> None:
    world = World()
    world.written_to(99)
    for step in range(20):
        world.seconds = 100 + step / 2
        world.written_to(world.seconds - 1)
        await world.refresher.refresh()
    assert world.refreshes == 10
    world.refreshes = 0
    for step in range(20):
        world.seconds = 110 + step / 2
        world.written_to(world.seconds - 60)
        await world.refresher.refresh()
    assert world.refreshes == 2


async def test_full_caches_are_not_kept_waiting() -> None:
    world = World()
    world.written_to(0)
    await world.refresher.refresh()
    world.seconds = 101
    for number in range(20):
        world.cache.put(str(number), Version("i", 1, 1), b"[]")
    world.seconds = 102
    await world.refresher.refresh()
    assert (world.refreshes, world.cache.full) == (2, False)


def test_how_far_a_worker_is_behind_is_of_what_is_written() -> None:
    world = World()
    world.written_to(70)
    assert world.standing.behind_seconds() == 30


async def test_what_others_wrote_before_an_assignment_is_shown_before_it_is_told() -> None:
    world = World()
    world.written_to(99)
    await world.refresher.refresh()
    world.seconds = 101
    await world.refresher.refresh()
    assert world.asked == [("all-*",), ()]
    world.standing.look({}, 7)  # another assignment, a moment later
    world.seconds = 101.1
    await world.refresher.refresh()
    assert world.asked[2:] == [("all-*",)]


def test_what_is_written_and_does_not_show_makes_a_worker_unhealthy() -> None:
    world = World()
    world.written_to(99)
    world.standing.show({"t-0": NOW + 60_000})
    assert world.standing._reasons({"t-0": 1.0}) == ["what it has written of 1 partitions does not show in searches"]
    world.standing.show({"t-0": NOW + 70_000})
    assert world.standing._reasons({"t-0": 1.0}) == []
