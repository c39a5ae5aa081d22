"""Activities of Friends, and the compact rows in which a Friend's document keeps those of a part of a date.

A row is two lines of text without the outer brackets of JSON arrays: its key, which is the activity's identity, and the
rest, which begins with the comma between the two. Rows that share the columns that hardly differ on a day (their
*shape*) form a block. No string in JSON holds a raw line break, so blocks and rows are taken apart and put together as
text; only a reader makes values of them, and a writer only of two rows of one identity. The document keeps the text as
base64 of Zstandard, a tenth of the rows as JSON; its bytes depend on the set of activities alone.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson
import zstandard

from hubstat.domain import time as tm
from hubstat.domain.contract import canonical

_ZSTD_LEVEL: Final = 1
_UTC_DAY: Final = 719_163


class _Idle(NamedTuple):
    """Contexts that nobody uses. Two threads must not share one, and making one takes longer than packing a document.

    A list gives one thread what it gives to no other.
    """

    compressors: list[zstandard.ZstdCompressor]
    decompressors: list[zstandard.ZstdDecompressor]

    def compress(self, text: bytes) -> bytes:
        try:
            context = self.compressors.pop()
        except IndexError:
            context = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
        packed = context.compress(text)
        self.compressors.append(context)
        return packed

    def decompress(self, packed: bytes) -> bytes:
        try:
            context = self.decompressors.pop()
        except IndexError:
            context = zstandard.ZstdDecompressor()
        text = context.decompress(packed)
        self.decompressors.append(context)
        return text


_zstd: Final = _Idle([], [])


@dataclass(slots=True)
class Activity:
    """One activity of a Friend, as ingest derives it from an invoice.

    invoice: its key. time, received, promised_from, voided_at: ms. latest, known_at: latest event time and received
    time in the invoice it was derived from, ms: at an earlier (T, K) the invoice may say something else of it.
    counts: False where the event belongs to another Friend now, or has no time of day. rev: grows with everything the
    invoice learns; the greatest rev, then canonical JSON, is the one that counts. dates: local dates whose documents
    carry it. other_camps: that other copies of the event name: at an earlier known-at one of these may count.
    """

    friend_id: str
    invoice: str
    event_id: str
    code: str
    time: int
    received: int
    camp_id: str | None
    route_id: str | None
    address_key: str | None
    promised_from: int | None
    service_date: str | None
    wave: str | None
    voided_at: int | None
    counts: bool
    rev: int
    latest: int
    known_at: int
    dates: tuple[str, ...]
    other_camps: tuple[str, ...]

    def encode(self) -> bytes:
        """Canonical JSON, as sent on ``friend-activity``."""
        return canonical(self.sent())

    def sent(self) -> dict[str, Any]:
        """Its fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def decode(cls, raw: bytes) -> Activity:
        """Back from ``friend-activity``. Raises ``ValueError`` or ``TypeError`` for anything else."""
        activity = cls(**orjson.loads(raw))
        activity.dates, activity.other_camps = tuple(activity.dates), tuple(activity.other_camps)
        return activity

    @property
    def newness(self) -> tuple[int, bytes]:
        """Among derivations of one event the greatest counts."""
        return (self.rev, self.encode())


Row = tuple[bytes, bytes, bytes, int, int]
"""One activity as a document keeps it: shape, key, rest; and latest event time and received time of what it was derived
from and of its correction, ms."""


_FIELDS: Final = Activity.__slots__
_values = itemgetter(*_FIELDS)
_TEXT: Final = frozenset({str})
_TEXT_OR_NONE: Final = frozenset[type]({str, type(None)})
_WHOLE: Final = frozenset({int})
_WHOLE_OR_NONE: Final = frozenset[type]({int, type(None)})
_MANY: Final = frozenset[type]({list, tuple})
_TYPES: Final[dict[str, frozenset[type]]] = {
    **dict.fromkeys(("friend_id", "invoice", "event_id", "code"), _TEXT),
    **dict.fromkeys(("camp_id", "route_id", "address_key", "service_date", "wave"), _TEXT_OR_NONE),
    **dict.fromkeys(("time", "received", "rev", "latest", "known_at"), _WHOLE),
    **dict.fromkeys(("promised_from", "voided_at"), _WHOLE_OR_NONE),
    "counts": frozenset({bool}),
    **dict.fromkeys(("dates", "other_camps"), _MANY),
}


def row_of(sent: dict[str, Any]) -> Row:
    """The row of an activity's fields by name, as decoded JSON.

    Raises ``ValueError``, ``TypeError`` or ``KeyError`` where they are none.
    """
    values = _values(sent)
    wrong = _wrong_types(tuple(map(type, values)))
    if wrong or len(sent) != len(_FIELDS):
        raise ValueError(f"wrong types or unknown fields: {', '.join([*wrong, *sorted(sent.keys() - set(_FIELDS))])}")
    _, invoice, event_id, code, time, received, camp, route, address, since, service_date, wave = values[:12]
    voided, counts, rev, latest, known_at, dates, other_camps = values[12:]
    if not dates or not all(type(each) is str for each in (*dates, *other_camps)):
        raise ValueError("dates and other_camps hold texts, and dates at least one")
    for date in dates:
        _midnight(date)
    base = _midnight(dates[0])
    # Kept once, however many rows wait in it, and copied: orjson gives bytes of a buffer that is forty times as large.
    said = orjson.dumps((dates, code, camp, route, service_date, wave, counts, other_camps))
    shape = _shared(bytes(memoryview(said)))
    key = orjson.dumps((invoice, event_id))[1:-1]
    numbers = (time - base, received - time, latest - time, known_at - received, rev, address, since, voided)
    rest = b"," + orjson.dumps(numbers)[1:-1]
    return shape, key, rest, latest, known_at if voided is None else max(known_at, voided)


@lru_cache(256)
def _wrong_types(types: tuple[type, ...]) -> list[str]:
    return [name for name, found in zip(_FIELDS, types, strict=True) if found not in _TYPES[name]]


@lru_cache(4096)
def _midnight(date: str) -> int:
    """Start of a date in UTC, ms: times of a row count from it. Raises ``ValueError``."""
    return (tm.parse_date(date).toordinal() - _UTC_DAY) * tm.DAY


@lru_cache(16_384)
def _shared(shape: bytes) -> bytes:
    return shape


def _base(shape: bytes) -> int:
    """What the times of a block count from: the start of its first date, with which its shape begins."""
    return 0 if shape.startswith(b"[[]") else _midnight(shape[3:13].decode())


def _camps(shape: bytes) -> frozenset[str]:
    _, _, camp, _, _, _, _, others = orjson.loads(shape)
    return frozenset(each for each in (camp, *others) if each)


def _rows(text: bytes) -> list[list[Any]]:
    """The values of a block's rows."""
    rows: list[list[Any]] = orjson.loads(b"[[" + text.replace(b'\n"', b'],["') + b"]]")
    return rows


def _activities(friend_id: str, shape: bytes, text: bytes) -> Iterator[Activity]:
    """The activities of a block."""
    dates, code, camp, route, service_date, wave, counts, others = orjson.loads(shape)
    base = _base(shape)
    dates, others = tuple(dates), tuple(others)
    for invoice, event_id, time, received, latest, known, rev, address, since, voided in _rows(text):
        at = base + time
        received += at
        yield Activity(
            friend_id,
            invoice,
            event_id,
            code,
            at,
            received,
            camp,
            route,
            address,
            since,
            service_date,
            wave,
            voided,
            counts,
            rev,
            at + latest,
            received + known,
            dates,
            others,
        )


@dataclass(slots=True)
class ActivityRows:
    """The newest derivation of each activity of one document.

    camps: that any of them names. latest: latest event time, known: latest received time of what they were derived from
    and of their corrections, ms; 0 without any.
    """

    camps: set[str] = field(default_factory=set)
    latest: int = 0
    known: int = 0
    _blocks: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    # Blocks as they were stored, as long as they have not changed.
    _texts: dict[bytes, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, activities: Iterable[Activity]) -> ActivityRows:
        """The rows of some activities."""
        rows = cls()
        rows.merge(row_of(activity.sent()) for activity in activities)
        return rows

    @classmethod
    def restore(cls, packed: bytes, summary: tuple[Iterable[str], int, int] | None = None) -> ActivityRows:
        """Back from :meth:`packed`. ``summary``: camps, latest and known, where these are known."""
        rows = cls()
        for shape, text in _unpacked(packed):
            lines = text.split(b"\n")
            rows._texts[shape] = text
            rows._blocks[shape] = dict(zip(lines[0::2], lines[1::2], strict=True))
        if summary is None:
            rows._sum()
        else:
            camps, rows.latest, rows.known = summary
            rows.camps.update(camps)
        return rows

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def merge(self, rows: Iterable[Row]) -> bool:
        """Add rows; False where of each a newer or the same one is known."""
        blocks = self._blocks
        changed = stale = False
        for shape, key, rest, latest, known in rows:
            block = blocks.get(shape)
            home = shape if block is not None and key in block else self._home(key)
            if home is not None:
                if not self._is_newer(home, shape, key, rest):
                    continue
                stale |= self._remove(home, key, latest, known)
                block = blocks.get(shape)
            if block is None:
                block = blocks[shape] = {}
                self.camps |= _camps(shape)
            block[key] = rest
            self._texts.pop(shape, None)
            self.latest, self.known = max(self.latest, latest), max(self.known, known)
            changed = True
        if stale:
            self._sum()
        return changed

    def packed(self) -> bytes:
        """The rows, compressed."""
        blocks = []
        for shape in sorted(self._blocks):
            text = self._texts.get(shape)
            if text is None:
                text = self._texts[shape] = _text(self._blocks[shape])
            blocks.append(shape + b"\n" + text)
        return _zstd.compress(b"\n\n".join(blocks))

    def _home(self, key: bytes) -> bytes | None:
        """Shape of the block that holds an identity."""
        for shape, block in self._blocks.items():
            if key in block:
                return shape
        return None

    def _is_newer(self, home: bytes, shape: bytes, key: bytes, rest: bytes) -> bool:
        """Whether a row takes the place of the one of its identity."""
        present = self._blocks[home][key]
        if home == shape and present == rest:
            return False
        rev, new_rev = _numbers(home, present)[0], _numbers(shape, rest)[0]
        return rev < new_rev or (rev == new_rev and _one(home, key, present) < _one(shape, key, rest))

    def _remove(self, home: bytes, key: bytes, latest: int, known: int) -> bool:
        """Take out the row that one with this latest and known replaces; whether the sums may be too great now."""
        _, old_latest, old_known = _numbers(home, self._blocks[home].pop(key))
        self._texts.pop(home, None)
        if not self._blocks[home]:
            del self._blocks[home]
            return True
        return (old_latest >= self.latest and latest < old_latest) or (old_known >= self.known and known < old_known)

    def _sum(self) -> None:
        self.camps.clear()
        self.latest = self.known = 0
        for shape, block in self._blocks.items():
            self.camps |= _camps(shape)
            for rest in block.values():
                _, latest, known = _numbers(shape, rest)
                self.latest, self.known = max(self.latest, latest), max(self.known, known)


def _text(block: dict[bytes, bytes]) -> bytes:
    return b"\n".join([line for key in sorted(block) for line in (key, block[key])])


def _numbers(shape: bytes, rest: bytes) -> tuple[int, int, int]:
    """Rev, latest and known of a row."""
    time, received, latest, known, rev, _, _, voided = orjson.loads(b"[" + rest[1:] + b"]")
    time += _base(shape)
    known += time + received
    return rev, time + latest, known if voided is None else max(known, voided)


def _one(shape: bytes, key: bytes, rest: bytes) -> bytes:
    """A row as canonical JSON. Rows that are compared are of one Friend, whose id then does not matter."""
    (activity,) = _activities("", shape, key + b"\n" + rest)
    return activity.encode()


def stored_rows(packed: bytes) -> str:
    """Packed rows as a document keeps them."""
    return b2a_base64(packed, newline=False).decode()


def packed_rows(stored: str) -> bytes:
    """Back from a document."""
    return a2b_base64(stored)


def stored_activities(friend_id: str, stored: str) -> Iterator[Activity]:
    """The activities of a Friend that a document keeps."""
    for shape, text in _unpacked(packed_rows(stored)):
        yield from _activities(friend_id, shape, text)


Counted = tuple[str, str, str, int, str | None, str | None, int | None, str | None, str | None]
"""Of an activity: invoice, event id, code, time (ms), camp, address key, promised from (ms), service date, wave."""


def counted_activities(kept: Sequence[str]) -> list[Counted] | None:
    """Of the activities that a Friend's documents keep, those that count and are not voided.

    None where two documents keep derivations of one activity, of which the newer one counts. A tick without the
    compiled core reads millions of them.
    """
    found: list[Counted] = []
    seen: set[tuple[str, str]] = set()
    read = 0
    for stored in kept:
        for shape, text in _unpacked(packed_rows(stored)):
            _, code, camp, _, service_date, wave, counts, _ = orjson.loads(shape)
            if not counts and len(kept) == 1:
                continue
            base, rows = _base(shape), _rows(text)
            if len(kept) > 1:
                read += len(rows)
                seen.update((row[0], row[1]) for row in rows)
            if counts:
                found += [
                    (invoice, event_id, code, base + time, camp, address, since, service_date, wave)
                    for invoice, event_id, time, _, _, _, _, address, since, voided in rows
                    if voided is None
                ]
    return found if len(seen) == read else None


def activity_text(stored: str) -> str:
    """The rows that a document keeps, as text."""
    return _zstd.decompress(packed_rows(stored)).decode()


def _unpacked(packed: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Blocks of the packed text: shape and rows."""
    for block in _zstd.decompress(packed).split(b"\n\n"):
        shape, _, text = block.partition(b"\n")
        yield shape, text
