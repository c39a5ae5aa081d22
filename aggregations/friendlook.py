"""The Friends' documents of one service date, carried from look to look: what has not changed is not read again.

What was written lately is looked for by its time of writing. Whether that was all tell the sequence numbers, of which a
write gives a document a greater one: their sum over a date's documents has to come out, else all documents are listed.
So a tick reads what has changed, not what there is, and misses nothing that begins to show late.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any, Final, NamedTuple, Protocol

import orjson

log = logging.getLogger(__name__)

EVENTS: Final = -1
# Friend, date of the document or "" for the corrections, part of the date or EVENTS
Place = tuple[str, str, int]
Document = dict[str, Any]
# How much later than others a document begins to show in general (ms); what takes longer is noticed.
_SHOWN_WITHIN: Final = 2_500


class Stamp(NamedTuple):
    """What tells one state of a date's documents from another.

    n, total: how many, and the sum of their sequence numbers. written_at: the latest time of writing, ms.
    """

    n: int
    total: int
    written_at: int


class Reading(Protocol):
    """One look at the documents around a service date."""

    def stamps(self) -> dict[str, Stamp]:
        """By date; of the corrections by ""."""

    def sequences(self, written_since: int | None) -> Iterable[tuple[Place, int]]:
        """Sequence numbers of the documents that were written at or after a time (ms); None: of all."""

    def documents(self, places: Iterable[Place]) -> Iterable[Document]:
        """Some documents."""


class FriendDocuments:
    """What is known of the documents around one service date.

    All are kept: where something is new of a Friend, it is in one of his documents as a rule, and all are wanted.
    """

    def __init__(self, service_date: str) -> None:
        self._service_date = service_date
        self._sequences: dict[Place, int] = {}
        self._stamps: dict[str, Stamp] = {}
        self._sums: dict[str, tuple[int, int]] = {}
        self._kept: dict[Place, bytes] = {}
        self._places: dict[str, set[Place]] = {}

    def changed(self, reading: Reading, more: Iterable[str] = ()) -> dict[str, list[Document]]:
        """By Friend all documents of those of whom one is new since the last look, and of some more Friends.

        The list of a Friend who has none but corrections is empty.
        """
        new = self._new(reading)
        friends = {place[0] for place in new} | set(more)
        wanted = {
            place
            for friend in friends
            for place in self._places.get(friend, ())
            if place in new or place not in self._kept
        }
        found: dict[str, list[Document]] = {friend: [] for friend in sorted(friends)}
        # The same objects as keys everywhere: there are half a million of them.
        known = {place: place for place in wanted}
        for document in reading.documents(wanted):
            place = known[place_of(document)]
            found[place[0]].append(document)
            self._kept[place] = _compact(document)
        for friend, documents in found.items():
            for place in self._places.get(friend, ()):
                if place not in wanted:
                    documents.append(orjson.loads(self._kept[place]))
            documents.sort(key=place_of)
            if documents and not documents[-1]["date"]:
                documents.clear()
        return found

    def _new(self, reading: Reading) -> set[Place]:
        """Places whose document was written, or taken away, since the last look."""
        stamps = reading.stamps()
        if stamps == self._stamps:
            return set()
        new: set[Place] = set()
        if self._stamps:
            latest = max(stamp.written_at for stamp in self._stamps.values())
            new = self._take(reading.sequences(latest - _SHOWN_WITHIN))
        if self._sums != {date: (stamp.n, stamp.total) for date, stamp in stamps.items()}:
            if self._stamps:
                log.info("Friends' documents around %s began to show late: all are listed", self._service_date)
            listed = dict(reading.sequences(None))
            gone = self._sequences.keys() - listed.keys()
            for place in gone:
                self._leave(place)
            new |= gone | self._take(listed.items())
        self._stamps = stamps
        return new

    def _take(self, sequences: Iterable[tuple[Place, int]]) -> set[Place]:
        new: set[Place] = set()
        for place, sequence in sequences:
            known = self._sequences.get(place)
            if known != sequence:
                self._sequences[place] = sequence
                self._places.setdefault(place[0], set()).add(place)
                self._add(place[1], int(known is None), sequence - (known or 0))
                new.add(place)
        return new

    def _leave(self, place: Place) -> None:
        friend, date, _ = place
        self._add(date, -1, -self._sequences.pop(place))
        self._kept.pop(place, None)
        self._places[friend].discard(place)

    def _add(self, date: str, n: int, total: int) -> None:
        before = self._sums.pop(date, (0, 0))
        after = (before[0] + n, before[1] + total)
        if after[0]:
            self._sums[date] = after


def place_of(document: Mapping[str, Any]) -> Place:
    """Where a document belongs, from its fields."""
    return intern(document["friend_id"]), intern(document.get("date", "")), document.get("part", EVENTS)


def _compact(document: Document) -> bytes:
    """A document as bytes of its own size: orjson gives those of a buffer that is several times as large."""
    return bytes(memoryview(orjson.dumps(document)))
