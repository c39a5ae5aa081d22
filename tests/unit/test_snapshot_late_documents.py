"""A live board finds the Friends' documents that begin to show after later ones: searches see them out of order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aggregations.day import Day, View
from aggregations.frienddays import FriendDays
from aggregations.friendlook import EVENTS, FriendDocuments, Place, Stamp
from hubstat.domain import time as tm

NINE = 1_795_132_800_000
DATE = "2026-11-20"
LONG = "x" * 5_000
# Seconds: a long bulk, until a healthy worker shows what it has written, between clocks.
BULK, HIDDEN, CLOCKS = 10, 30, 20


class Stored:
    """Documents as searches see them, one per Friend. read: Friends whose documents were asked for last."""

    def __init__(self) -> None:
        self.written: dict[str, tuple[int, int]] = {}
        self.read: list[str] = []
        self.listed = 0
        self._writes = 0

    def show(self, friend: str, second: int) -> None:
        """A document written at that second, ready to be found from now on."""
        self._writes += 1
        self.written[friend] = (self._writes, NINE + second * 1_000)

    def stamps(self) -> dict[str, Stamp]:
        total = sum(sequence for sequence, _ in self.written.values())
        latest = max((at for _, at in self.written.values()), default=0)
        return {DATE: Stamp(len(self.written), total, latest)} if self.written else {}

    def sequences(self, written_since: int | None) -> Iterator[tuple[Place, int]]:
        self.listed += written_since is None
        for friend, (sequence, at) in self.written.items():
            if written_since is None or at >= written_since:
                yield (friend, DATE, EVENTS), sequence

    def documents(self, places: Iterable[Place]) -> Iterator[dict[str, Any]]:
        self.read = sorted(friend for friend, _, _ in places)
        for friend in self.read:
            yield {"friend_id": friend, "date": DATE, "at": self.written[friend][1], "log": {"activities": LONG}}

    def look(self) -> Stored:
        return self

    def days(self, documents: dict[str, list[dict[str, Any]]]) -> Iterator[Any]:
        return (SimpleNamespace(friend_id=each, of=parts[0]["at"]) for each, parts in documents.items() if parts)

    def settled(self, documents: Sequence[dict[str, Any]]) -> bool:
        return True


class Ticks:
    """A live board's Friend-days over such documents."""

    def __init__(self) -> None:
        self.stored = Stored()
        self._days = FriendDays(date.fromisoformat(DATE), tm.zone("KR"), None)

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


def test_what_disappears_is_noticed() -> None:
    ticks = Ticks()
    ticks.stored.show("F1", 0)
    ticks.stored.show("F2", 1)
    ticks.look()
    del ticks.stored.written["F1"]
    assert ticks.look() == {"F2": 1}
    del ticks.stored.written["F2"]
    assert ticks.look() == {}
    ticks.stored.show("F1", 2)
    assert ticks.look() == {"F1": 2}


def test_documents_are_listed_only_where_some_began_to_show_late() -> None:
    ticks = Ticks()
    for number in range(5):
        ticks.stored.show(f"F{number}", number)
    ticks.look()
    assert ticks.stored.listed == 1
    for second in range(10, 60, 3):
        ticks.stored.show("F1", second)
        ticks.look()
    assert ticks.stored.listed == 1
    ticks.stored.show("F2", 20)
    assert ticks.look()["F2"] == 20
    assert ticks.stored.listed == 2


class Parts(Stored):
    """Documents of one Friend, of several dates and parts; and a correction."""

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[Place, int] = {}
        self.asked: list[Place] = []

    def stamps(self) -> dict[str, Stamp]:
        found: dict[str, Stamp] = {}
        for (_, of_date, _), sequence in self.places.items():
            n, total, at = found.get(of_date, Stamp(0, 0, NINE))
            found[of_date] = Stamp(n + 1, total + sequence, at)
        return found

    def sequences(self, written_since: int | None) -> Iterator[tuple[Place, int]]:
        yield from self.places.items()

    def documents(self, places: Iterable[Place]) -> Iterator[dict[str, Any]]:
        self.asked = sorted(places)
        for place in self.asked:
            friend, of_date, part = place
            parted = {} if part == EVENTS else {"part": part}
            log = {} if part == EVENTS else {"activities": LONG}
            yield {"friend_id": friend, "date": of_date, **parted, "version": self.places[place], "log": log}


def versions(found: dict[str, list[dict[str, Any]]]) -> list[tuple[str, int]]:
    return [(part["date"], part["version"]) for part in found["F1"]]


def test_a_document_that_has_not_changed_is_not_read_again() -> None:
    stored, known, later = Parts(), FriendDocuments(DATE), "2026-11-21"
    events, one, other = ("F1", DATE, EVENTS), ("F1", DATE, 3), ("F1", DATE, 4)
    stored.places = {one: 1, ("F1", later, 0): 2, ("F1", "", EVENTS): 3}
    assert versions(known.changed(stored)) == [("", 3), (DATE, 1), (later, 2)]
    assert len(stored.asked) == 3
    stored.places[other] = 4
    assert versions(known.changed(stored)) == [("", 3), (DATE, 1), (DATE, 4), (later, 2)]
    assert stored.asked == [other]
    stored.places[events] = 5
    assert versions(known.changed(stored)) == [("", 3), (DATE, 5), (DATE, 1), (DATE, 4), (later, 2)]
    assert stored.asked == [events]
    stored.places["F1", later, 0] = 6
    assert versions(known.changed(stored)) == [("", 3), (DATE, 5), (DATE, 1), (DATE, 4), (later, 6)]
    assert stored.asked == [("F1", later, 0)]
    assert known.changed(stored) == {}
    assert versions(known.changed(stored, ["F1"])) == [("", 3), (DATE, 5), (DATE, 1), (DATE, 4), (later, 6)]
    assert stored.asked == []
    del stored.places[one]
    assert versions(known.changed(stored)) == [("", 3), (DATE, 5), (DATE, 4), (later, 6)]
    del stored.places[other], stored.places[events], stored.places["F1", later, 0]
    assert known.changed(stored) == {"F1": []}, "corrections alone are no day"
