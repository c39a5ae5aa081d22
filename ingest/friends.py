"""Friend events and derived activities into Friend documents: one a Friend and local date, and one for corrections.

The same order and the same promise as for invoices (``ingest.invoices``). A document's place follows from the record,
so nothing has to be searched. A lane gathers records for ``linger`` seconds: a document is written no more often.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from hubstat.domain import time as tm
from hubstat.domain.contract import Copy, Event, Refusal, decode_friend_event
from hubstat.domain.document import Activity, FriendLog, friend_document, friend_event_dates, restore_friend
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

_MAX_ID_BYTES: Final = 512
# Live boards look for documents by ``written_at``, half a minute back. One that took longer than this to be taken, as
# while Elasticsearch was away, is written once more with its present time.
_NOTICED_MS: Final = 10_000
# Chunks that one flush of a lane may join: a busy Friend's records of several chunks then cost one write.
_GATHERED_CHUNKS: Final = 10
# Documents that one Friend may have, one a local date: far more than days are kept.
_MOST_DATES: Final = 2_000

_Change = Event | Activity


@dataclass(slots=True)
class _Friend:
    """One document of a flush: the changes for it with their records, and its log as far as it is known."""

    index: str
    id: str
    friend_id: str
    date: str
    changes: list[tuple[Record, _Change]] = field(default_factory=list)
    log: FriendLog = field(default_factory=FriendLog)
    version: Version | None = None
    cached: bool = False
    unnoticed: bool = False

    @property
    def key(self) -> str:
        """Its key in the cache."""
        return f"{self.index}/{self.id}"

    @property
    def events(self) -> list[Event]:
        """The consumed friend events."""
        return [change for _, change in self.changes if isinstance(change, Event)]

    def merge(self) -> bool:
        """Add the changes to the log; False where all were known."""
        changed = False
        for _, change in self.changes:
            if isinstance(change, Activity):
                changed |= self.log.add_activity(change)
            else:
                copy = change.copy
                changed |= self.log.events.add(
                    Event(change.key, change.event_id, Copy(copy.time, copy.received, copy.sent))
                )
        return changed


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
        self._cache = DocumentCache(settings.ingest.cache_mb * 1024 * 1024 // 4, 0.0)
        self.gather = settings.ingest.chunk_records * _GATHERED_CHUNKS
        self.linger = settings.ingest.friend_write_seconds
        self.counters = Counters()
        self._reporter = Reporter("Friend events and activities", self.counters)

    async def assigned(self, partitions: set[TP]) -> None:
        """Nothing to do: documents are read in real time, and guards catch what others wrote."""

    async def flush(self, records: Sequence[Record]) -> None:
        """Write every record, or its dead letter."""
        self.counters.records += len(records)
        letters: list[dead_letters.DeadLetter] = []
        friends = list(self._decode(records, letters).values())
        await self._read(friends)
        await self._write(friends, letters)
        await self._mark(friends)
        if letters:
            self.counters.refused += len(letters)
            await dead_letters.write(self._writer, self._names.namespace, letters)
        self._reporter.tick()

    def _decode(self, records: Sequence[Record], letters: list[dead_letters.DeadLetter]) -> dict[str, _Friend]:
        friends: dict[str, _Friend] = {}
        for record in records:
            try:
                change, friend_id, dates = self._change(record)
            except Exception as error:
                letters.append(dead_letter(record, as_refusal(error)))
                continue
            for date in dates:
                index = self._names.friends(date) if date else self._names.friend_corrections
                friend = _Friend(index, document_id(friend_id), friend_id, date)
                friends.setdefault(friend.key, friend).changes.append((record, change))
        return friends

    def _change(self, record: Record) -> tuple[_Change, str, Sequence[str]]:
        """What a record says, of which Friend, and the dates of the documents that keep it ("" = the corrections')."""
        if record.topic == self._topics.friend_activity:
            activity = _activity(record)
            return activity, activity.friend_id, activity.dates
        event = decode_friend_event(record.value, received_at(record, self._trusted, self.counters), self._zone)
        self.counters.unknown_fields += len(event.unknown)
        return event, event.key, friend_event_dates(event, self._zone) or [""]

    async def _read(self, friends: Iterable[_Friend]) -> None:
        missing: dict[tuple[str, str], _Friend] = {}
        for friend in friends:
            cached = self._cache.get(friend.key)
            if cached is None:
                missing[friend.index, friend.id] = friend
            else:
                friend.version, stored = cached
                friend.log = restore_friend(friend.friend_id, [{"log": stored}])
                friend.cached = True
        self.counters.cache_misses += len(missing)
        self._found(missing, await self._writer.get(missing, "log"))

    def _found(self, missing: dict[tuple[str, str], _Friend], documents: Iterable[Found]) -> None:
        for document in documents:
            friend = missing[document.version.index, document.id]
            friend.version = document.version
            friend.log = restore_friend(friend.friend_id, [document.source])

    async def _write(self, friends: list[_Friend], letters: list[dead_letters.DeadLetter]) -> None:
        """Merge and write until every document holds its records."""
        pending = friends
        while pending:
            changed: list[tuple[_Friend, bytes]] = []
            writes: list[Write] = []
            began = self._clock()
            for friend in pending:
                if friend.merge() or friend.unnoticed:
                    body, stored = self._encode(friend)
                    writes.append(Write(friend.index, friend.id, body, friend.version))
                    changed.append((friend, stored))
                elif friend.version:
                    self.counters.unchanged += 1
                    if not friend.cached:
                        self._cache.put(friend.key, friend.version, self._encode(friend)[1])
            overtaken: list[_Friend] = []
            pending = []
            for (friend, stored), outcome in zip(changed, await self._writer.bulk(writes), strict=True):
                if isinstance(outcome, Version):
                    self.counters.written += 1
                    self._cache.put(friend.key, outcome, stored)
                    friend.version, friend.unnoticed = outcome, self._clock() - began > _NOTICED_MS
                    if friend.unnoticed:
                        pending.append(friend)
                elif isinstance(outcome, Conflict):
                    self.counters.conflicts += 1
                    overtaken.append(friend)
                else:
                    self._refuse(friend, outcome, letters)
            if overtaken:
                await self._read_again(overtaken)
                pending += overtaken

    async def _read_again(self, friends: list[_Friend]) -> None:
        for friend in friends:
            self._cache.drop(friend.key)
            friend.log, friend.version, friend.cached = FriendLog(), None, False
        await self._read(friends)

    def _refuse(self, friend: _Friend, outcome: Refused, letters: list[dead_letters.DeadLetter]) -> None:
        refusal = Refusal("not_storable", "", f"Elasticsearch refuses the Friend's document: {outcome.why[:2000]}")
        letters.extend(dead_letter(record, refusal) for record, _ in friend.changes)
        self._cache.drop(friend.key)

    async def _mark(self, friends: Iterable[_Friend]) -> None:
        """Mark the service dates that the consumed records touch for the roll-up, also where nothing was written."""
        dates: set[str] = set()
        corrected: dict[str, tuple[str, set[str]]] = {}
        for friend in friends:
            if friend.date:
                dates |= friend_dates(friend.date, friend.events)
            else:
                corrected[friend.id] = (friend.friend_id, corrected_ids(friend.log.events, friend.events))
        # A target that no search sees yet is in no fact yet either: its own mark still waits.
        for document in await self._writer.find(self._names.friends("*"), list(corrected), "log", _MOST_DATES):
            friend_id, targets = corrected[document.id]
            dates |= corrected_dates(restore_friend(friend_id, [document.source]), targets, self._zone)
        await self._marker.mark(dates)

    def _encode(self, friend: _Friend) -> tuple[bytes, bytes]:
        """The document as JSON and, apart, its stored log."""
        document: dict[str, Any] = friend_document(friend.friend_id, friend.date, friend.log)
        stored = orjson.dumps(document["log"], option=orjson.OPT_SORT_KEYS)
        document["log"] = orjson.Fragment(stored)
        document["written_at"] = self._clock()
        return orjson.dumps(document), stored


def document_id(friend_id: str) -> str:
    """Id of a Friend's documents: the friend id, or its hash where Elasticsearch would not take it as an id."""
    encoded = friend_id.encode()
    return friend_id if len(encoded) <= _MAX_ID_BYTES else f"sha256:{sha256(encoded).hexdigest()}"


def _activity(record: Record) -> Activity:
    try:
        activity = Activity.decode(record.value or b"")
        for date in activity.dates:
            tm.parse_date(date)
        if not isinstance(activity.friend_id, str) or not activity.friend_id:
            raise ValueError("no friend_id")
    except (ValueError, TypeError) as error:
        raise Refusal("bad_activity", "", f"no activity that hubstat derived: {error}") from None
    return activity
