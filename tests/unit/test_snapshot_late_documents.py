"""A live board finds the Friends' documents that begin to show after later ones: searches see them out of order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aggregations.crews import CrewWork
from aggregations.day import Day, View
from aggregations.schedules import Schedules
from aggregations.snapshot import _FriendDays
from hubstat.domain import time as tm
from hubstat.domain.baselines import NO_BASELINES

NINE = 1_795_132_800_000
# Seconds: the longest bulk that is not written again, until a healthy worker shows what it has written, between clocks.
BULK, HIDDEN, CLOCKS = 10, 30, 20


class Stored:
    """Documents as searches see them, one per Friend. read: Friends whose documents were asked for last."""

    def __init__(self) -> None:
        self.written: dict[str, int] = {}
        self.read: list[str] | None = None

    def show(self, friend: str, second: int) -> None:
        """A document written at that second, ready to be found from now on."""
        self.written[friend] = NINE + second * 1_000

    def written_since(self, written_at: int) -> Iterator[tuple[str, str, int]]:
        return ((friend, "", at) for friend, at in self.written.items() if at >= written_at)

    def documents(self, friends: Sequence[str] | None) -> dict[str, list[dict[str, Any]]]:
        self.read = sorted(self.written if friends is None else friends)
        return {each: [{"friend_id": each, "date": "", "written_at": self.written[each]}] for each in self.read}

    def days(self, documents: dict[str, list[dict[str, Any]]]) -> Iterator[Any]:
        return (SimpleNamespace(friend_id=each, of=parts[0]["written_at"]) for each, parts in documents.items())

    def settled(self, documents: Sequence[dict[str, Any]]) -> bool:
        return True


class Ticks:
    """A live board's Friend-days over such documents."""

    def __init__(self) -> None:
        self.stored = Stored()
        self._days = _FriendDays((1, 1), Schedules("2026-11-20", tm.zone("KR")), CrewWork(NO_BASELINES))

    def look(self) -> dict[str, int]:
        """The second of the document that each Friend's day was folded from."""
        self.stored.read = []
        day = cast(Day, SimpleNamespace(friend_days=lambda view, schedules: self.stored))
        found = cast(Any, self._days.refresh(day, cast(View, None)))
        return {each.friend_id: (each.of - NINE) // 1_000 for each in found}


@pytest.mark.parametrize("late", [1, HIDDEN, BULK + HIDDEN, BULK + HIDDEN + CLOCKS])
def test_what_shows_late_is_found_at_the_next_tick(late: int) -> None:
    ticks = Ticks()
    ticks.stored.show("F1", 0)
    ticks.stored.show("F2", 0)
    assert ticks.look() == {"F1": 0, "F2": 0}
    ticks.stored.show("F1", 10 + late)
    assert ticks.look() == {"F1": 10 + late, "F2": 0}
    ticks.stored.show("F2", 10)
    assert ticks.look() == {"F1": 10 + late, "F2": 10}
    assert ticks.stored.read == ["F2"]


def test_what_was_found_is_not_read_again() -> None:
    ticks = Ticks()
    for number in range(5):
        ticks.stored.show(f"F{number}", number)
    ticks.look()
    for number in range(200):
        ticks.stored.show("F1", 10 + number)
        assert ticks.look()["F1"] == 10 + number
        assert ticks.stored.read == ["F1"]
    ticks.look()
    assert ticks.stored.read == []
