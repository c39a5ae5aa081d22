"""The distinct events of one invoice or Friend, with every copy: a set, so order and repetition cannot matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hubstat.domain.contract import Copy, Event, Sent, canonical


@dataclass(slots=True)
class Fact:
    """The copy of an event that counts at some (T, K): its time (ms), rank, id and fields as sent."""

    time: int
    rank: int
    event_id: str
    received: int
    sent: Sent

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the order of C3."""
        return (self.time, self.rank, self.event_id)


@dataclass(slots=True)
class EventLog:
    """Distinct events by id, each with its differing copies; identical ones once, with the earliest received."""

    copies: dict[str, list[Copy]] = field(default_factory=dict)

    def add(self, event: Event) -> bool:
        """Add one decoded event; False where nothing changed (a repetition received no earlier)."""
        known = self.copies.get(event.event_id)
        if known is None:
            self.copies[event.event_id] = [event.copy]
            return True
        for copy in known:
            if _same(copy.sent, event.copy.sent):
                if event.copy.received >= copy.received:
                    return False
                copy.received, copy.time = event.copy.received, event.copy.time
                return True
        known.append(event.copy)
        return True

    def merge(self, events: Iterable[Event]) -> bool:
        """Add several; False where none changed anything."""
        changed = False
        for event in events:
            changed |= self.add(event)
        return changed

    def voided(self, known_at: int | None = None) -> set[str]:
        """Ids of events that a correction known at K voids, at every T. A correction itself cannot be corrected."""
        targets: set[str] = set()
        corrections = [copies for copies in self.copies.values() if _may_correct(copies)]
        for copies in corrections:
            # Copies of one event may differ in anything, also in what they are: the one that counts decides.
            copy = winner(copies, known_at)
            if copy is None or copy.sent["code"] != "CORRECTED":
                continue
            target = winner(self.copies.get(copy.sent["corrects"], []), known_at)
            if target is not None and target.sent["code"] != "CORRECTED":
                targets.add(copy.sent["corrects"])
        return targets

    def facts(self, rank: dict[str, int], as_of: int | None = None, known_at: int | None = None) -> list[Fact]:
        """Events in force at (T, K), corrections and voided ones left out, in the order of C3. None = no limit."""
        voided = self.voided(known_at)
        found: list[Fact] = []
        for event_id, copies in self.copies.items():
            if event_id in voided:
                continue
            copy = copies[0] if known_at is None and len(copies) == 1 else winner(copies, known_at)
            if copy is None or (as_of is not None and copy.time > as_of):
                continue
            code = copy.sent["code"]
            if code != "CORRECTED":
                found.append(Fact(copy.time, rank[code], event_id, copy.received, copy.sent))
        found.sort(key=_order)
        return found

    def __iter__(self) -> Iterator[tuple[str, Copy]]:
        return ((event_id, copy) for event_id, copies in self.copies.items() for copy in copies)

    def __len__(self) -> int:
        return len(self.copies)

    @property
    def max_time(self) -> int:
        """Latest event time of any copy, ms: at a later T no event is hidden."""
        return max(copy.time for _, copy in self)

    @property
    def max_received(self) -> int:
        """Latest received time of any copy, ms: at a later K every copy is known."""
        return max(copy.received for _, copy in self)

    def stored(self, omit: frozenset[str]) -> list[list[Any]]:
        """As kept in a document: ``[event_id, time, received, sent]`` a copy, without the fields all copies share.

        In an order of its own, so that equal sets are kept alike however they came.
        """
        rows = [(copy.time, event_id, copy) for event_id, copy in self]
        if len(rows) > len(self.copies):
            rows.sort(key=lambda row: (row[0], row[1], canonical(row[2].sent)))
        else:
            rows.sort()
        return [
            [event_id, time, copy.received, {name: value for name, value in copy.sent.items() if name not in omit}]
            for time, event_id, copy in rows
        ]

    @classmethod
    def restore(cls, stored: Iterable[list[Any]], shared: Sent) -> EventLog:
        """Back from a document; ``shared`` are the fields left out there."""
        log = cls()
        for event_id, time, received, sent in stored:
            sent.update(shared)
            log.copies.setdefault(event_id, []).append(Copy(time, received, sent))
        return log


def _may_correct(copies: list[Copy]) -> bool:
    if len(copies) == 1:
        return bool(copies[0].sent["code"] == "CORRECTED")
    return any(copy.sent["code"] == "CORRECTED" for copy in copies)


def _same(one: Sent, other: Sent) -> bool:
    # 1000 and 1000.0 are equal to Python, but not in canonical JSON.
    return one == other and ("amount_krw" not in one or canonical(one) == canonical(other))


def _order(fact: Fact) -> tuple[int, int, str]:
    return (fact.time, fact.rank, fact.event_id)


def winner(copies: list[Copy], known_at: int | None) -> Copy | None:
    """The copy that counts at K (C2): of those received by then the smallest (time, canonical JSON); None for none."""
    known = copies if known_at is None else [copy for copy in copies if copy.received <= known_at]
    if not known:
        return None
    if len(known) == 1:
        return known[0]
    return min(known, key=lambda copy: (copy.time, canonical(copy.sent)))
