"""Friend events and derived activities into Friend documents.

Of a Friend and local date there is one for the events and one for the activities of each part of the day; and one for
all corrections. The same order and the same promise as for invoices (``ingest.invoices``). A document's place follows
from the record, so nothing has to be searched. A document is rewritten whole, so a lane gathers records for ``linger``
seconds, and for longer while it catches up (``ingest.lanes``). Many records are one flush then: they are gone through
one by one, each kept as its compact row only, and documents are read, merged and written by the hundred.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from hubstat.domain import time as tm
from hubstat.domain.activity import ActivityRows, Row, packed_rows, row_of
from hubstat.domain.contract import Event, Refusal, decode_friend_event
from hubstat.domain.document import (
    FRIEND_SHARED,
    friend_document_of,
    friend_event_dates,
    part_of,
    restore_friend,
    restore_friend_events,
)
from hubstat.domain.log import EventLog
from hubstat.elastic import dead_letters
from hubstat.elastic.names import Names
from hubstat.elastic.writer import Conflict, Found, Refused, Version, Write, Writer
from hubstat.settings import Settings
from ingest.cache import DocumentCache
from ingest.marks import Marker, corrected_dates, corrected_ids, friend_dates
from ingest.records import Counters, Record, Reporter, as_refusal, dead_letter, received_at
from ingest.topics import Topics

if TYPE_CHECKING:
    from faust.types import TP

# Elasticsearch takes 512, of which a part takes two.
_MAX_ID_BYTES: Final = 510
_WITH_PART: Final = re.compile(r"#\d\Z")
# Chunks that one flush of a lane may join: a busy Friend's records of several chunks then cost one write.
_GATHERED_CHUNKS: Final = 10
# Documents of events that one Friend may have, one a local date: far more than days are kept.
_MOST_DATES: Final = 2_000
# Records that are decoded, and documents that are merged, before other tasks of the worker get their turn.
_RECORDS_AT_ONCE: Final = 1_000
_DOCUMENTS_AT_ONCE: Final = 100

_Place = tuple[str, str, int | None]
"""A document's Friend, local date ("" = the corrections') and part of it (None = the events')."""


@dataclass(slots=True)
class _Friend:
    """One document of a flush: what is new for it, and what it holds as far as that is known.

    stored: its friend events as stored. log: the same, once consumed ones were added.
    """

    index: str
    id: str
    place: _Place
    fresh: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    rows: ActivityRows = field(default_factory=ActivityRows)
    stored: list[list[Any]] = field(default_factory=list)
    log: EventLog = field(default_factory=EventLog)
    version: Version | None = None
    cached: bool = False

    @property
    def key(self) -> str:
        """Its key in the cache."""
        return f"{self.index}/{self.id}"

    def hold(self, log: dict[str, Any], version: Version) -> None:
        """Take over a stored document's ``log``."""
        self.version, self.stored = version, log["events"]
        self.rows = ActivityRows.restore(packed_rows(log["activities"])) if "activities" in log else ActivityRows()

    def recall(self, version: Version, kept: bytes) -> None:
        """Take over what the cache kept."""
        head, _, packed = kept.partition(b"\n")
        self.stored, summary = orjson.loads(head)
        self.version, self.cached = version, True
        self.rows = ActivityRows.restore(packed, summary) if packed else ActivityRows()

    def keep(self, packed: bytes) -> bytes:
        """What the cache is to keep: friend events and what the activities sum up to as a line of JSON, then these."""
        summary = (sorted(self.rows.camps), self.rows.latest, self.rows.known)
        return orjson.dumps((self.stored, summary), option=orjson.OPT_APPEND_NEWLINE) + packed

    def forget(self) -> None:
        """Another has written it: hold nothing."""
        self.rows, self.stored, self.version, self.cached = ActivityRows(), [], None, False

    def merge(self) -> bool:
        """Add what is new; False where all was known."""
        changed = self.rows.merge(self.fresh)
        if self.events:
            self.log = restore_friend_events(self.place[0], self.stored)
            changed |= self.log.merge([event.own() for event in self.events])
            self.stored = self.log.stored(FRIEND_SHARED)
        return changed

    def let_go(self) -> None:
        """Written: give back the memory."""
        self.fresh, self.rows, self.stored = [], ActivityRows(), []


class FriendFlusher:
    """Writes records of ``friend-events`` and ``friend-activity``; one instance serves all lanes.

    trusted: whether a record's ``received-at`` header is its received time. clock: the present in ms.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        *,
        trusted: bool,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._names = Names(settings.namespace)
        self._topics = Topics.of(settings.namespace)
        self._zone = tm.zone(settings.country)
        self._writer = writer
        self._trusted = trusted
        self._clock = clock
        self._marker = Marker(self._names, writer, self._zone, clock)
        self.cache = DocumentCache(settings.ingest.cache_mb * 1024 * 1024 // 4, held=False)
        self.gather = settings.ingest.chunk_records * _GATHERED_CHUNKS
        self.linger = settings.ingest.friend_write_seconds
        self.counters = Counters()
        self._reporter = Reporter("Friend events and activities", self.counters)

    async def assigned(self, partitions: set[TP]) -> None:
        """Make what other workers wrote safe; it need not be visible: documents are read in real time."""
        if partitions:
            names = self._names
            await self._writer.secure([names.friends("*"), names.friend_corrections, names.dead_letters])

    async def flush(self, records: Sequence[Record]) -> None:
        """Write every record, or its dead letter. Going through the records a second time may unpack them again."""
        self.counters.records += len(records)
        letters: list[dead_letters.DeadLetter] = []
        friends = list((await self._decode(records, letters)).values())
        refused: dict[_Place, Refusal] = {}
        for start in range(0, len(friends), _DOCUMENTS_AT_ONCE):
            part = friends[start : start + _DOCUMENTS_AT_ONCE]
            await self._read(part)
            await self._write(part, refused)
            for friend in part:
                friend.let_go()
        await self._mark(friends)
        if refused:
            letters += self._refused(records, refused)
        if letters:
            self.counters.refused += len(letters)
            await dead_letters.write(self._writer, self._names.namespace, letters)
        self._reporter.tick()

    async def _decode(self, records: Sequence[Record], letters: list[dead_letters.DeadLetter]) -> dict[_Place, _Friend]:
        friends: dict[_Place, _Friend] = {}
        for number, record in enumerate(records, 1):
            try:
                change, places = self._change(record, self.counters)
            except Exception as error:
                letters.append(dead_letter(record, as_refusal(error)))
                continue
            for place in places:
                friend = friends.get(place)
                if friend is None:
                    friend_id, date, part = place
                    index = self._names.friends(date) if date else self._names.friend_corrections
                    friend = friends[place] = _Friend(index, document_id(friend_id, part), place)
                if isinstance(change, Event):
                    friend.events.append(change)
                else:
                    friend.fresh.append(change)
            if number % _RECORDS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return friends

    def _change(self, record: Record, counters: Counters) -> tuple[Event | Row, list[_Place]]:
        """What a record says, and the places of the documents that keep it."""
        if record.topic == self._topics.friend_activity:
            return _activity(record)
        event = decode_friend_event(record.value, received_at(record, self._trusted, counters), self._zone)
        counters.unknown_fields += len(event.unknown)
        return event, [(event.key, date, None) for date in friend_event_dates(event, self._zone) or [""]]

    async def _read(self, friends: Sequence[_Friend]) -> None:
        missing: dict[tuple[str, str], _Friend] = {}
        for friend in friends:
            kept = self.cache.read(friend.key)
            if kept is None:
                missing[friend.index, friend.id] = friend
            else:
                friend.recall(*kept)
        self.counters.cache_hits += len(friends) - len(missing)
        self.counters.cache_misses += len(missing)
        self._found(missing, await self._writer.get(missing))

    def _found(self, missing: dict[tuple[str, str], _Friend], documents: Iterable[Found]) -> None:
        for document in documents:
            missing[document.version.index, document.id].hold(document.source["log"], document.version)

    async def _write(self, friends: list[_Friend], refused: dict[_Place, Refusal]) -> None:
        """Merge and write until every document holds its records."""
        pending = friends
        while pending:
            changed: list[tuple[_Friend, bytes]] = []
            writes: list[Write] = []
            for friend in pending:
                if friend.merge():
                    body, stored = self._encode(friend)
                    writes.append(Write(friend.index, friend.id, body, friend.version))
                    changed.append((friend, stored))
                elif friend.version:
                    self.counters.unchanged += 1
                    if not friend.cached:
                        self.cache.put(friend.key, friend.version, self._encode(friend)[1])
            pending = []
            for (friend, stored), outcome in zip(changed, await self._writer.bulk(writes), strict=True):
                if isinstance(outcome, Version):
                    self.counters.written += 1
                    self.cache.put(friend.key, outcome, stored)
                elif isinstance(outcome, Conflict):
                    self.counters.conflicts += 1
                    pending.append(friend)
                else:
                    self.cache.drop(friend.key)
                    refused[friend.place] = _not_storable(outcome)
            if pending:
                await self._read_again(pending)

    async def _read_again(self, friends: list[_Friend]) -> None:
        for friend in friends:
            self.cache.drop(friend.key)
            friend.forget()
        await self._read(friends)

    def _refused(self, records: Sequence[Record], refused: dict[_Place, Refusal]) -> list[dead_letters.DeadLetter]:
        """A letter for each record of each refused document."""
        letters: list[dead_letters.DeadLetter] = []
        for record in records:
            try:
                _, places = self._change(record, Counters())
            except Exception:  # has its letter already
                continue
            letters += [dead_letter(record, refused[place]) for place in places if place in refused]
        return letters

    async def _mark(self, friends: Iterable[_Friend]) -> None:
        """Mark the service dates that the consumed records touch for the roll-up, also where nothing was written."""
        dates: set[str] = set()
        touched: set[str] = set()
        corrected: dict[str, tuple[str, set[str]]] = {}
        for friend in friends:
            friend_id, date, _ = friend.place
            if friend.events and date:
                dates |= friend_dates(date, friend.events)
            elif date:
                touched.add(date)
            else:
                corrected[friend.id] = (friend_id, corrected_ids(friend.log, friend.events))
        for date in touched:
            dates |= friend_dates(date, ())
        # A target that no search sees yet is in no fact yet either: its own mark still waits.
        for document in await self._writer.find(self._names.friends("*"), list(corrected), _MOST_DATES):
            friend_id, targets = corrected[document.id]
            dates |= corrected_dates(restore_friend(friend_id, [document.source]), targets, self._zone)
        await self._marker.mark(dates)

    def _encode(self, friend: _Friend) -> tuple[bytes, bytes]:
        """The document as JSON and, apart, what the cache keeps of it."""
        packed = friend.rows.packed() if friend.rows else b""
        document = friend_document_of(*friend.place, friend.stored, friend.rows, packed)
        document["written_at"] = self._clock()
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS), friend.keep(packed)


def document_id(friend_id: str, part: int | None = None) -> str:
    """Id of a Friend's documents of any date: the friend id, and the part where it is one.

    A hash stands for a friend id that Elasticsearch would not take, or that reads as one with a part.
    """
    encoded = friend_id.encode()
    if len(encoded) > _MAX_ID_BYTES or _WITH_PART.search(friend_id):
        friend_id = f"sha256:{sha256(encoded).hexdigest()}"
    return friend_id if part is None else f"{friend_id}#{part}"


def _not_storable(outcome: Refused) -> Refusal:
    return Refusal("not_storable", "", f"Elasticsearch refuses the Friend's document: {outcome.why[:2000]}")


def _activity(record: Record) -> tuple[Row, list[_Place]]:
    try:
        sent = orjson.loads(record.value or b"")
        row = row_of(sent)
        if not sent["friend_id"]:
            raise ValueError("no friend_id")
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal("bad_activity", "", f"no activity that hubstat derived: {error}") from None
    part = part_of(sent["time"])
    return row, [(sent["friend_id"], date, part) for date in sent["dates"]]
