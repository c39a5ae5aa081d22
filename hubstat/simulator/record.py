"""Records as they arrive: what the network does to events on their way (delays, copies, disorder)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from hubstat.domain import time as tm

Kind = Literal["invoice", "friend"]


class Record(NamedTuple):
    """One record of a topic: ``value`` is JSON, ``received_ms`` when the broker received it."""

    kind: Kind
    key: bytes
    value: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Options:
    """Chances: that a record is sent twice, that it arrives up to two hours late, that an invoice has a correction."""

    duplicates: float = 0.0
    out_of_order: float = 0.0
    corrections: float = 0.0


@dataclass(slots=True)
class Counts:
    """Totals of a simulated day."""

    records: int = 0
    invoice_events: int = 0
    friend_events: int = 0
    duplicates: int = 0
    delayed: int = 0
    corrections: int = 0
    friend_corrections: int = 0

    def add(self, other: Counts) -> None:
        """Add another part's totals."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


# Times are most of what a record says, so their parts are looked up rather than formatted.
_CLOCK: Final = tuple(f"{second // 60:02d}:{second % 60:02d}." for second in range(3_600))
_MILLI: Final = tuple(f"{milli:03d}" for milli in range(1_000))


@lru_cache(maxsize=8_192)
def _hour(hour: int, zone: ZoneInfo) -> tuple[str, str]:
    text = tm.iso_local(hour * tm.HOUR, zone)
    return text[:14], text[23:]


def time_text(ms: int, zone: ZoneInfo) -> str:
    """RFC 3339 in a zone, to the millisecond."""
    head, offset = _hour(ms // tm.HOUR, zone)
    return f"{head}{_CLOCK[ms // 1000 % 3600]}{_MILLI[ms % 1000]}{offset}"


def with_received_at(record: Record, text: str) -> bytes:
    """A record's value in the form of files, which carry the received time in the record."""
    return b'%s,"received_at":"%s"}' % (record.value[:-1], text.encode())


@dataclass(slots=True)
class Recorder:
    """Collects the records of one camp. Its own ``rng`` makes the disorder, so the events do not depend on it."""

    options: Options
    rng: Random
    records: list[Record] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def send(self, kind: Kind, key: bytes, payload: dict[str, Any], received: int) -> tuple[int, int]:
        """Send one event; returns when its first copy is received (ms) and how many copies more were sent."""
        options, counts, chance = self.options, self.counts, self.rng.random
        value = orjson.dumps(payload)
        if options.out_of_order and chance() < options.out_of_order:
            received += 60_000 + int(chance() * 7_140_000)
            counts.delayed += 1
        counts.records += 1
        if kind == "invoice":
            counts.invoice_events += 1
        else:
            counts.friend_events += 1
        self.records.append(Record(kind, key, value, received))
        copies = 0
        while options.duplicates and copies < 3 and chance() < options.duplicates:
            copies += 1
            self.records.append(Record(kind, key, value, received + 500 + int(chance() ** 4 * 7_200_000)))
        counts.records += copies
        counts.duplicates += copies
        return received, copies
